"""Prepares what a format with types needs: that it can be written here, and the types that a query's text tells."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from forebay.cli.errors import NotHere
from forebay.cli.submitting.known_tables import known_catalogs
from forebay.config.connections import Config
from forebay.config.result_format import ResultFormat
from forebay.config.settings import Settings
from forebay.landing import parquet_extra
from forebay.scheduler.errors import InputError
from forebay.store.ledger.records import Item


def require_extra(result_format: str) -> None:
    """Raises `NotHere` for a format of which the extra is not installed: better now than when it is paid for."""
    if result_format == ResultFormat.PARQUET and (problem := parquet_extra.missing()):
        raise NotHere(problem, way_out=f"{parquet_extra.WAY_OUT}, here and where the workers run")


def with_known_types(
    items: Iterable[Item], result_format: str, settings: Settings, config: Config, connection: str
) -> Iterator[Item]:
    """Adds to each query what the tables that `forebay schema` fetched say of its columns.

    For queries that were handed in by themselves: of a definition the spec says it, so that each of its windows has the
    same types, whoever submits it.
    """
    catalog = None
    if result_format == ResultFormat.PARQUET:
        with suppress(InputError):  # a schema that cannot be read is none, and other commands say so
            catalog = known_catalogs(settings, config).get(connection)
    if catalog is None:
        yield from items
        return
    # The grammar takes a moment to load.
    from forebay.scheduler.sql.trino.judge import types_of

    for item in items:
        yield replace(item, column_types=types_of(item.sql, catalog.types) or None)
