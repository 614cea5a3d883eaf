"""Reads what was stored as Parquet by two readers that were not written here: pyarrow and DuckDB."""

import io
from typing import Any

import duckdb
from hypothesis import HealthCheck, settings
from pyarrow import parquet as pq

from forebay.config.result_columns import ColumnType
from forebay.landing.formats.column_rules import ColumnRules
from tests.landing.formats.conftest import Stored

ANY_NUMBER_OF_STORES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


TYPES = {"n": "bigint", "i": "integer", "d": "decimal(38,2)", "b": "boolean", "x": "double", "on": "date",
         "at": "timestamp"}  # fmt: skip


def named(**types: str) -> ColumnRules:
    return ColumnRules(named={name: ColumnType.parse(text) for name, text in types.items()})


def table(result: Stored) -> Any:
    return pq.read_table(io.BytesIO(result.data), page_checksum_verification=True)


def rows(result: Stored) -> list[list[Any]]:
    columns = [column.to_pylist() for column in table(result).columns]
    return [list(row) for row in zip(*columns, strict=True)]


def by_duckdb(result: Stored, folder: Any) -> list[tuple[Any, ...]]:
    path = folder / "read.parquet"
    path.write_bytes(result.data)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT * FROM '{path}'").fetchall()
