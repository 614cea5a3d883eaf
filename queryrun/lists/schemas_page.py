"""Reads a page of Stripe's list of tables: what is in it, and where the next one is.

Source: `GET /v2/data/schemas` of the API's newer generation, which speaks of the tables that its older one asks, too.
Where it goes on: `list_page.py`. A page counts as a whole or not at all: names are checked against it, so a table that
came without its columns would refuse queries that are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.lists.list_page import read_list
from forebay.queryrun.wire import as_object, instant, name, text

SCHEMAS_PATH = "/v2/data/schemas"

#: Tables of a page: the most that Stripe gives. All of Sigma's, some 350, come with one request.
PAGE = 1000

#: The one that there is, and that queries ask.
_DATASET = "analytical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlace:
    """A column of some table."""

    table: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    """As Stripe calls it; nothing where it does not say."""
    description: str = ""
    is_key: bool = False
    refers_to: tuple[ColumnPlace, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table that SQL can name."""

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    refreshed_at: datetime | None = None
    """When it was refreshed: its description, by the words of this list, or its data, by those of Stripe's search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemasPage:
    """One page of the list."""

    tables: Sequence[Table]
    next_path: str | None


def schemas_path() -> str:
    """Says where the first page is, with the columns of each table."""
    return f"{SCHEMAS_PATH}?{urlencode({'dataset': _DATASET, 'include[0]': 'columns', 'limit': PAGE}, safe='[]')}"


def read_schemas_page(body: bytes, *, api_base: str, request_id: str | None) -> SchemasPage:
    """Reads a page. Raises ProviderError if it is none, if a table lacks its columns, or if it goes on elsewhere."""
    listed, following = read_list(body, path=SCHEMAS_PATH, what="tables", api_base=api_base, request_id=request_id)
    try:
        tables = [_table(as_object(each)) for each in listed]
    except ValueError as exc:
        raise ProviderError(f"Stripe's list of tables is not whole: {exc}", status=200, request_id=request_id) from exc
    return SchemasPage(tables=tables, next_path=following)


def _table(told: dict[str, Any]) -> Table:
    """Raises ValueError for what is none."""
    table, columns = name(told.get("name")), told.get("columns")
    if not table:
        raise ValueError("one of them has no name")
    if not isinstance(columns, list) or not columns:
        raise ValueError(f"{table} has no columns")
    return Table(
        name=table,
        columns=tuple(_column(table, as_object(column)) for column in columns),
        description=text(told.get("description")),
        refreshed_at=instant(told.get("refreshed_at")),
    )


def _column(table: str, told: dict[str, Any]) -> Column:
    column = name(told.get("name"))
    if not column:
        raise ValueError(f"a column of {table} has no name")
    return Column(
        name=column,
        type=name(told.get("type")),
        description=text(told.get("description")),
        is_key=told.get("is_primary_key") is True,
        refers_to=tuple(_places(told.get("foreign_keys_to"))),
    )


def _places(told: object) -> Iterator[ColumnPlace]:
    """Reads where a column leads. That is for people, so what cannot be read of it is left out."""
    for each in told if isinstance(told, list) else ():
        place = as_object(each)
        table, column = name(place.get("schema")), name(place.get("column"))
        if table and column:
            yield ColumnPlace(table=table, column=column)
