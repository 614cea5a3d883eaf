"""What DuckDB loads is what landed, once, however often it is loaded and whatever ran again."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from forebay.landing.loading.table_load import Loadable, table_load
from forebay.landing.loading.warehouses import WAREHOUSES, artefacts
from forebay.store.local import LocalStore
from tests.landing.loading.loads import batch_id, landed

CSV = b'\xef\xbb\xbfid,"a ""quoted"", name",note\r\n1,"two\nlines",\r\n2,"x, y",""\r\n007,z,\xc3\xa4\r\n'
FORMATS = ["csv", "csv.gz", "csv.zst", "parquet"]


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(warehouse: duckdb.DuckDBPyConnection, *results: Loadable) -> None:
    for artefact in artefacts(WAREHOUSES["duckdb"], table_load("fees", results), ""):
        warehouse.execute(artefact.text)


def rows(warehouse: duckdb.DuckDBPyConnection, columns: str = "*") -> list[tuple[object, ...]]:
    return sorted(warehouse.execute(f"SELECT {columns} FROM fees").fetchall(), key=str)


def expected(data: bytes) -> list[tuple[str | None, ...]]:
    _, *records = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return sorted((tuple(value or None for value in record) for record in records), key=str)


@pytest.mark.parametrize("container", FORMATS)
def test_what_is_loaded_is_what_landed_in_each_format(
    folder: LocalStore, warehouse: duckdb.DuckDBPyConnection, container: str
) -> None:
    data = CSV if container != "parquet" else CSV.removeprefix(b"\xef\xbb\xbf").replace(b'""\r', b"\r")
    result = landed(folder, data, container)
    load(warehouse, result)
    if container == "parquet":
        warehouse.execute("UPDATE fees SET note = NULLIF(note, '')")
    assert rows(warehouse, "* EXCLUDE (_window_start, _window_end, _account, _batch)") == expected(CSV)


def test_loading_again_changes_nothing_and_other_windows_stay(
    folder: LocalStore, warehouse: duckdb.DuckDBPyConnection
) -> None:
    results = [
        landed(folder, f"id\n{day}{number}\n".encode(), "csv.gz", day=day, account=f"acct_{number}")
        for day in (0, 1)
        for number in (1, 2)
    ]
    load(warehouse, *results)
    before = rows(warehouse)
    assert [row[0] for row in before] == ["01", "02", "11", "12"]
    load(warehouse, *results)
    load(warehouse, *results[:2])
    assert rows(warehouse) == before


def test_a_window_that_ran_again_takes_the_place_of_the_first(
    folder: LocalStore, warehouse: duckdb.DuckDBPyConnection
) -> None:
    load(warehouse, *(landed(folder, b"id\n1\n", "csv", account=account) for account in ("acct_1", "acct_2")))
    load(warehouse, landed(folder, b"id\n2\n3\n", "csv", batch=batch_id(0, again=2)))
    assert rows(warehouse, "id, _account, _batch") == [
        ("2", "acct_1", batch_id(0, again=2)),
        ("3", "acct_1", batch_id(0, again=2)),
    ]


def test_queries_without_a_window_are_replaced_by_batch(
    folder: LocalStore, warehouse: duckdb.DuckDBPyConnection
) -> None:
    first = landed(folder, b"id\n1\n", "csv", day=None, batch="b1", account=None)
    second = landed(folder, b"id\n2\n", "csv", day=None, batch="b2", account=None)
    for _ in range(2):
        load(warehouse, first)
        load(warehouse, second)
    assert rows(warehouse) == [("1", None, None, None, "b1"), ("2", None, None, None, "b2")]


def test_a_load_that_fails_leaves_the_window_as_it_was(
    folder: LocalStore, warehouse: duckdb.DuckDBPyConnection
) -> None:
    good = landed(folder, b"id\n1\n", "csv")
    load(warehouse, good)
    before = rows(warehouse)
    folder.delete(good.manifest.object.key)
    with pytest.raises(duckdb.Error):
        load(warehouse, good)
    warehouse.execute("ROLLBACK")
    assert rows(warehouse) == before


@pytest.mark.parametrize("folder_name", ["[x]", "y*", "z?", "a{b,c}", "[!q]"])
def test_a_folder_is_no_pattern_whatever_it_is_called(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, folder_name: str
) -> None:
    """DuckDB takes each name of a file for a pattern, and another folder may fit it."""
    others = [LocalStore(tmp_path / name) for name in ("x", "yy", "zz", "ab", "k")]
    store = LocalStore(tmp_path / folder_name)
    for other in others:
        landed(other, b"id\nwrong\n", "csv")
    load(warehouse, landed(store, b"id\nright\n", "csv"))
    assert rows(warehouse, "id") == [("right",)]
