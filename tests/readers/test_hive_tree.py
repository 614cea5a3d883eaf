"""A tree with Hive's partitions is one table to whoever reads such trees, whatever else lies beside the results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import dataset

from forebay.config.result_format import ResultFormat
from forebay.landing.formats.registry import format_named
from forebay.landing.manifest import write_manifest
from forebay.store.local import LocalStore
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store
from tests.landing.formats.parquet_reading import named
from tests.landing.verifying.trees import manifest_of

TYPES = named(n="bigint", amount="decimal(38,2)")
PARTS = [(day, account) for day in ("2026-10-01", "2026-10-02") for account in ("acct_1", "acct_2", "acct_3")]
#: A result without rows has a place like any.
EMPTY = ("2026-10-02", "acct_3")
#: Each row with its partition, in the order of the rows.
ROWS = sorted(
    (number, f"{place}.{number:02}", day, account)
    for place, (day, account) in enumerate(PARTS)
    if (day, account) != EMPTY
    for number in range(place * 10, place * 10 + 10)
)
Tree = Callable[[ResultFormat], Path]


@pytest.fixture
def tree(stored: Store, folder: LocalStore, tmp_path: Path) -> Tree:
    """Lands a result for each partition, as `<day>/<account>/fees`, with its manifest beside it."""

    def landed(name: ResultFormat) -> Path:
        for day, account in PARTS:
            rows = [f"{n},{amount}\n" for n, amount, *place in ROWS if place == [day, account]]
            csv = "".join(["n,amount\n", *rows]).encode()
            stem = f"fees/day={day}/account={account}/fees"
            result = stored(format_named(name), zipped(csv), "zip", columns=TYPES, stem=stem)
            write_manifest(folder, stem, manifest_of(stem, csv, result.data, result.output.format, account=account))
        return tmp_path / "out" / "fees"

    return landed


def as_rows(table: list[dict[str, Any]]) -> list[tuple[int, str, str, str]]:
    return sorted((int(row["n"]), str(row["amount"]), str(row["day"]), str(row["account"])) for row in table)


@pytest.mark.parametrize("name", [ResultFormat.CSV, ResultFormat.GZIP, ResultFormat.ZSTD, ResultFormat.PARQUET])
def test_duckdb(tree: Tree, name: ResultFormat) -> None:
    types = "header = true, columns = {'n': 'BIGINT', 'amount': 'DECIMAL(38,2)'}"
    reads = "read_parquet($1" if name is ResultFormat.PARQUET else f"read_csv($1, {types}"
    read = f"{reads}, hive_partitioning = true)"
    files = f"{tree(name)}/**/*.{name.value}"

    with duckdb.connect() as connection:
        columns = "n, amount::VARCHAR AS amount, day::VARCHAR AS day, account"
        found = connection.execute(f"SELECT {columns} FROM {read} ORDER BY n", [files]).fetchall()
        day = connection.execute(f"SELECT min(n) FROM {read} WHERE day = '2026-10-02'", [files]).fetchone()

    assert found == ROWS
    assert day == (30,)


def test_pyarrow(tree: Tree) -> None:
    files = sorted(map(str, tree(ResultFormat.PARQUET).rglob("*.parquet")))

    assert as_rows(dataset.dataset(files, partitioning="hive").to_table().to_pylist()) == ROWS


def test_polars(polars: Any, tree: Tree) -> None:
    found = polars.scan_parquet(f"{tree(ResultFormat.PARQUET)}/**/*.parquet", hive_partitioning=True).collect()

    assert as_rows(found.to_dicts()) == ROWS


def test_pandas(frames: Any, tree: Tree) -> None:
    files = sorted(map(str, tree(ResultFormat.PARQUET).rglob("*.parquet")))

    assert as_rows(frames.read_parquet(files, partitioning="hive").to_dict("records")) == ROWS
