"""Prepares what a format with types needs: that it can be written here, and the types that a query's text tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from forebay.cli.errors import NotHere
from forebay.cli.submitting.known_tables import known_catalog
from forebay.config.connections import Config
from forebay.config.result_columns import TEXT, ColumnType, told_type
from forebay.config.result_format import ResultFormat
from forebay.config.settings import Settings
from forebay.landing import parquet_extra
from forebay.store.ledger.records import Item

if TYPE_CHECKING:
    from forebay.scheduler.definitions.expansion import Expansion

#: Of a definition's queries: one asks of each account what it asks of the first.
_MOST_SAMPLES = 50


def require_extra(result_format: str) -> None:
    """Raises `NotHere` for a format of which the extra is not installed: better now than when it is paid for."""
    if result_format == ResultFormat.PARQUET and (problem := parquet_extra.missing()):
        raise NotHere(problem, way_out=f"{parquet_extra.WAY_OUT}, here and where the workers run")


def known_types_of(expansion: Expansion, settings: Settings, config: Config) -> dict[str, str]:
    """Gives the types that the tables make sure of a definition's columns, where all of its queries agree.

    As the spec may say them: those of text, and decimals of which nobody says the digits, are left out.
    """
    items = islice((item for item in expansion.items() if not item.ties), _MOST_SAMPLES)
    known = with_known_types(items, expansion.terms.result_format, settings, config, expansion.connection.name)
    kinds: dict[str, set[ColumnType]] = {}
    for item in known:
        for name, kind in (item.column_types or {}).items():
            kinds.setdefault(name, set()).add(told_type(kind))
    return {name: str(kind) for name, several in kinds.items() if len(several) == 1 for kind in several - {TEXT}}


def with_known_types(
    items: Iterable[Item], result_format: str, settings: Settings, config: Config, connection: str
) -> Iterator[Item]:
    """Adds to each query what the tables that `forebay schema` fetched say of its columns.

    For queries that were handed in by themselves: of a definition the spec says it, so that each of its windows has the
    same types, whoever submits it.
    """
    is_typed = result_format == ResultFormat.PARQUET
    catalog = known_catalog(settings, config, connection) if is_typed else None
    if catalog is None:
        yield from items
        return
    # The grammar takes a moment to load.
    from forebay.scheduler.sql.trino.judge import types_of

    for item in items:
        yield replace(item, column_types=types_of(item.sql, catalog.types) or None)
