"""Runs Trino queries over a few rows in DuckDB, whole and in parts, through the sandbox's translation.

A table has no order, and the next run may read it in another: parts therefore see the same rows stored backwards.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import duckdb

from forebay.sandbox.dataset import TableColumn
from forebay.sandbox.sql.trino import Sight, translate

Row = tuple[Any, ...]

_COLUMNS = {
    "charges": {"id": "INTEGER", "created": "TIMESTAMP", "updated": "TIMESTAMP", "amount": "INTEGER", "k": "INTEGER"},
    "tags": {"k": "INTEGER", "tag": "VARCHAR", "added": "TIMESTAMP"},
}
_SIGHT = Sight(account=None, data_load_time=datetime(2026, 1, 1, tzinfo=UTC))


#: The same, as the translation wants it.
_TABLES = {table: [TableColumn(name, kind) for name, kind in columns.items()] for table, columns in _COLUMNS.items()}


class Rows:
    """The two tables, as often as one likes."""

    def __init__(self) -> None:
        self._database = duckdb.connect(config={"threads": 1})
        self._database.execute("SET integer_division = true")
        self._database.execute("CREATE SCHEMA sigma")

    def close(self) -> None:
        self._database.close()

    def whole(self, sql: str, start: datetime, end: datetime, **tables: Sequence[Row]) -> list[Row]:
        with self._filled(tables):
            return self._run(sql, start, end)

    def parts(self, sql: str, cuts: Sequence[datetime], **tables: Sequence[Row]) -> list[Row]:
        """The parts' rows one after the other; `cuts` begin with the window's start and end with its end."""
        with self._filled({name: rows[::-1] for name, rows in tables.items()}):
            return [row for start, end in pairwise(cuts) for row in self._run(sql, start, end)]

    @contextmanager
    def _filled(self, tables: dict[str, Sequence[Row]]) -> Iterator[None]:
        for name, columns in _COLUMNS.items():
            written = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            self._database.execute(f"CREATE OR REPLACE TABLE sigma.{name} ({written})")
            if rows := tables.get(name):
                places = ", ".join([f"({', '.join('?' * len(columns))})"] * len(rows))
                self._database.execute(
                    f"INSERT INTO sigma.{name} VALUES {places}", [cell for row in rows for cell in row]
                )
        yield

    def _run(self, sql: str, start: datetime, end: datetime) -> list[Row]:
        rendered = render(sql, start, end)
        return self._database.execute(translate(rendered, sight=_SIGHT, tables=_TABLES)).fetchall()


def _cell(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def render(sql: str, start: datetime, end: datetime) -> str:
    """`:start`, `:end`, `:day_start` and `:day_end` as literals."""
    for name, moment in (("start", start), ("end", end)):
        sql = sql.replace(f":day_{name}", f"DATE '{moment:%Y-%m-%d}'")
        sql = sql.replace(f":{name}", f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'")
    return sql
