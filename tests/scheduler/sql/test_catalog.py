import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.queryrun.tables import Column
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.catalog import FILE, Catalog, keep_catalog, read_catalogs

CATALOG = Catalog(
    api_base="http://127.0.0.1:8420",
    fetched_at=datetime(2026, 11, 22, 7, tzinfo=UTC),
    tables={"Charges": (Column(name="ID", type="VARCHAR"), Column(name="amount", type="BIGINT"))},
)


def test_what_is_kept_is_read_again_and_other_connections_stay(tmp_path: Path) -> None:
    keep_catalog(tmp_path / "data", "acme", CATALOG)
    keep_catalog(tmp_path / "data", "trial", CATALOG)

    assert read_catalogs(tmp_path / "data") == {"acme": CATALOG, "trial": CATALOG}
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE]


#: A `forebay schema` that is killed before what it writes has its name.
_KILLED = """
import os, pathlib, sys
from tests.scheduler.sql.test_catalog import CATALOG
from forebay.scheduler.sql.catalog import keep_catalog
os.fsync = lambda _: os.kill(os.getpid(), 9)
keep_catalog(pathlib.Path(sys.argv[1]), "acme", CATALOG)
"""


def test_what_a_killed_one_left_is_swept_by_who_comes_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(data)], check=False)
    assert killed.returncode == -9
    (left,) = data.iterdir()
    assert left.name != FILE
    (data / f"{FILE}.4711").touch()  # of 0.1.0
    (data / f"{FILE}.bak").touch()  # of a person

    keep_catalog(data, "trial", CATALOG)

    assert {path.name for path in data.iterdir()} == {FILE, f"{FILE}.bak"}
    assert stat.S_IMODE((data / FILE).stat().st_mode) == 0o600
    assert read_catalogs(data) == {"trial": CATALOG}


def test_nothing_kept_is_nothing_known(tmp_path: Path) -> None:
    assert read_catalogs(tmp_path) == {}


def test_names_are_compared_in_lower_case() -> None:
    assert CATALOG.types == {"charges": {"id": "varchar", "amount": "bigint"}}


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"connections": {"a": {}}}', '{"connections": {"a": 1}}'),
        '{"connections": {"a": {"api_base": "x", "fetched_at": "2026-01-01T00:00:00+00:00", "tables": [1]}}}',
    ],
)
def test_a_broken_file_is_an_error_with_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)

    with pytest.raises(InputError, match="remove it, and `forebay schema` makes it anew"):
        read_catalogs(tmp_path)
