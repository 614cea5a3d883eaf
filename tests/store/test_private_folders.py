import os
import stat
from pathlib import Path

import pytest

from forebay.store.private_folders import make_data_folder, make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_that_are_missing_are_made_for_this_user_alone(tmp_path: Path):
    umask = os.umask(0)
    try:
        make_private(tmp_path / "a" / "b")
    finally:
        os.umask(umask)
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)


def test_a_folder_of_ours_that_was_open_is_narrowed(tmp_path: Path):
    (tmp_path / "logs").mkdir(mode=0o755)
    make_private(tmp_path / "logs")
    assert mode(tmp_path / "logs") == 0o700


@pytest.mark.parametrize(("name", "left"), [(".forebay", 0o700), ("tmp", 0o755)])
def test_a_data_folder_is_narrowed_only_where_its_name_says_that_it_is_ours(tmp_path: Path, name: str, left: int):
    (tmp_path / name).mkdir()
    (tmp_path / name).chmod(0o755)
    make_data_folder(tmp_path / name)
    assert mode(tmp_path / name) == left


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_a_folder_of_somebody_else_is_left_as_it_is(tmp_path: Path):
    (tmp_path / ".forebay").mkdir()
    (tmp_path / ".forebay").chmod(0o777)
    os.chown(tmp_path / ".forebay", 65534, 65534)
    make_data_folder(tmp_path / ".forebay")
    assert mode(tmp_path / ".forebay") == 0o777
