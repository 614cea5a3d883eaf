"""What a writer leaves behind when it is killed, and who takes it away; processes and locks are real."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from forebay.store import drafts
from forebay.store.local import LocalStore
from forebay.store.probing import PROBES

#: Writes for ever to keys that it is given, and says when each is begun.
_WRITER = """
import pathlib, sys
from forebay.store.local import LocalStore
store = LocalStore(pathlib.Path(sys.argv[1]))
with store.writer("batch/result.csv") as writer:
    writer.write(b"x" * 1_000_000)
    print("writes", flush=True)
    if sys.stdin.readline():
        writer.commit()
"""


@contextmanager
def writing(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, in the middle of writing an object."""
    command = [sys.executable, "-c", _WRITER, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"writes\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody can write to: not one of pytest's, to which only this user comes."""
    umask = os.umask(0)
    try:
        with TemporaryDirectory() as folder:
            Path(folder).chmod(0o777)
            yield Path(folder)
    finally:
        os.umask(umask)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Is another user of this machine for a while, one without rights of its own."""
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def sweep(root: Path, later: timedelta = timedelta()) -> int:
    return LocalStore(root).sweep(datetime.now(UTC) + later, lambda key: True)


def left(root: Path) -> list[Path]:
    return list((root / drafts.FOLDER).glob("*"))


def test_what_a_killed_writer_left_is_swept_at_once(tmp_path: Path):
    with writing(tmp_path) as process:
        process.kill()
        process.wait()
    assert len(left(tmp_path)) == 1
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("later", [timedelta(), timedelta(days=300)])
def test_what_a_living_process_writes_is_never_swept(tmp_path: Path, later: timedelta):
    with writing(tmp_path) as process:
        assert sweep(tmp_path, later) == 0
        assert len(left(tmp_path)) == 1
        process.communicate(b"commit\n")
    assert (tmp_path / "batch" / "result.csv").stat().st_size == 1_000_000
    assert list(tmp_path.iterdir()) == [tmp_path / "batch"]


def test_a_draft_of_another_machine_is_left_alone_for_a_day(tmp_path: Path):
    folder = tmp_path / drafts.FOLDER
    folder.mkdir()
    (folder / "0123456789ab-0011223344556677").write_bytes(b"x")
    assert sweep(tmp_path, timedelta(hours=23)) == 0
    assert sweep(tmp_path, timedelta(hours=25)) == 1
    assert not folder.exists()


def test_a_draft_that_was_swept_before_its_writer_locked_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened = os.open
    swept: list[int] = []

    def sweeper_is_faster(path: Path, flags: int, mode: int = 0o777) -> int:
        handle = opened(path, flags, mode)
        if flags & os.O_CREAT and not swept:
            swept.append(sweep(tmp_path))
        return handle

    monkeypatch.setattr(drafts.os, "open", sweeper_is_faster)
    LocalStore(tmp_path).put("key", b"whole")
    assert swept == [1]
    assert (tmp_path / "key").read_bytes() == b"whole"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_two_users_of_one_folder_write_at_once_and_sweep_what_they_may(shared: Path):
    with LocalStore(shared).writer("ours") as writer, somebody_else():
        LocalStore(shared).put("theirs", b"whole")
        writer.write(b"x")
        assert sweep(shared, timedelta(days=300)) == 0
        assert len(left(shared)) == 1
    assert (shared / "theirs").read_bytes() == b"whole"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_draft_that_this_user_cannot_open_stops_no_sweep(shared: Path):
    folder = shared / drafts.FOLDER
    folder.mkdir()
    for number, mode in enumerate((0o600, 0o666)):
        path = folder / f"{drafts._machine()}-{number}"
        path.touch()
        path.chmod(mode)
    with somebody_else():
        assert sweep(shared) == 1
    assert [path.name for path in left(shared)] == [f"{drafts._machine()}-0"]


def test_a_file_system_without_locks_leaves_it_to_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_locks(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(drafts.fcntl, "flock", no_locks)
    with LocalStore(tmp_path).writer("key") as writer:
        writer.write(b"x")
        assert sweep(tmp_path) == 0
    with writing(tmp_path) as process:
        process.kill()
        process.wait()
    assert sweep(tmp_path) == 0
    assert sweep(tmp_path, timedelta(hours=25)) == 1


def test_a_sweep_looks_at_drafts_and_probes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = LocalStore(tmp_path)
    for number in range(20):
        store.put(f"batch-{number}/key", b"")
    read: list[object] = []
    for name in ("listdir", "scandir"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda path, real=real: read.append(path) or real(path))
    assert sweep(tmp_path) == 0
    assert read == [tmp_path / drafts.FOLDER, tmp_path / PROBES]


def test_drafts_of_the_first_release_are_found_beside_their_targets_when_they_are_old(tmp_path: Path):
    store = LocalStore(tmp_path)
    for key in ("b1/deep/a.csv", "b2/a.csv"):
        store.put(key, b"kept")
        (tmp_path / key).with_name(".forebay-tmp-0123456789abcdef").write_bytes(b"left")
    now = datetime.now(UTC)

    with store.writer("b1/new.csv", content_type="text/csv") as writer:
        assert store.sweep_beside("b1", now + timedelta(hours=23)) == 0
        assert store.sweep_beside("b1", now + timedelta(hours=25)) == 1
        assert store.sweep_beside("nowhere", now) == 0
        writer.write(b"new")
        writer.commit()

    assert [path.name for path in tmp_path.rglob(".forebay-tmp-*")] == [".forebay-tmp-0123456789abcdef"]
    assert sorted(store.list()) == ["b1/deep/a.csv", "b1/new.csv", "b2/a.csv"]
