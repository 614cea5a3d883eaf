"""Fetches which tables and columns SQL can name, and keeps them for `forebay validate`: `forebay schema`."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated
from urllib.request import getproxies

import typer

from forebay.cli import options
from forebay.cli.errors import NotHere, PreflightFailed
from forebay.cli.exits import Exit, report
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.plain_text import styled
from forebay.config.connections import Connection
from forebay.config.load import load_config
from forebay.config.near_miss import did_you_mean
from forebay.config.settings import Settings
from forebay.queryrun.errors import QueryRunError, RefusedError
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.definitions.accounts import account_with_key
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.scheduler.sql.catalog_fetch import fetch_catalog
from forebay.scheduler.sql.catalog_refusals import refusal_of
from forebay.scheduler.sql.trino.value_types import parse_type

schema = typer.Typer(invoke_without_command=True, help="Fetch the names of tables and columns, or list them.")


@schema.callback()
def fetch(
    context: typer.Context,
    account: Annotated[
        str | None, typer.Option(metavar="acct_…", help="For which account to ask, where the key needs one.")
    ] = None,
    connection: options.ConnectionName = None,
    *,
    as_json: options.Json = False,
) -> int:
    """Fetch which tables and columns there are, for `forebay validate`."""
    if context.invoked_subcommand:
        return Exit.OK
    settings = Settings()
    config = load_config(settings)
    asked = config.connection(connection)
    catalog = _fetched(asked, account or account_with_key(config, asked))
    with closing(open_stores(settings).open(settings.ledger)) as store:
        Catalogs(store).keep(asked.name, catalog)
    refreshed = catalog.refreshed
    if as_json:
        told = {"connection": asked.name, "tables": len(catalog.tables), "columns": catalog.column_count}
        events.result(Exit.OK, **told, refreshed_at=refreshed[0].isoformat() if refreshed else None)
        return Exit.OK
    counted = f"{words.counted(len(catalog.tables), 'table')} with {words.counted(catalog.column_count, 'column')}"
    plain_text.say(f"{counted}{_when(refreshed)}; `forebay validate` checks names and types against them")
    plain_text.remark(*_unknown_types(catalog.tables))
    return Exit.OK


@schema.command(name="ls")
def ls(connection: options.ConnectionName = None, *, as_json: options.Json = False) -> int:
    """List the tables that were fetched."""
    _, catalog = _kept(connection)
    for table in catalog.tables:
        if as_json:
            events.emit("table", table=table.name, columns=[column.name for column in table.columns])
        else:
            plain_text.stdout().print(f"{table.name:<32} {len(table.columns)} columns")
    if as_json:
        events.result(Exit.OK, tables=len(catalog.tables))
    return Exit.OK


@schema.command(name="show")
def show(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Its name.")],
    connection: options.ConnectionName = None,
    *,
    as_json: options.Json = False,
) -> int:
    """List the columns of one table."""
    name, catalog = _kept(connection)
    found = next((each for each in catalog.tables if each.name.lower() == table.lower()), None)
    if found is None:
        near = did_you_mean(table, [each.name for each in catalog.tables])
        raise NotHere(f"connection {name} has no table '{table}'{near}")
    if found.description and not as_json:
        plain_text.remark(found.description)
    for column in found.columns:
        if as_json:
            events.emit("column", **_described(column))
        else:
            _print(column)
    if as_json:
        events.result(Exit.OK, table=found.name, columns=len(found.columns), description=found.description)
    return Exit.OK


def _fetched(connection: Connection, account: str | None) -> Catalog:
    """Asks the server of the connection. Raises ConfigError, and `PreflightFailed` for each way of being refused."""
    try:
        return fetch_catalog(connection, account, proxies=getproxies(), now=datetime.now(UTC))
    except QueryRunError as error:
        refusal = refusal_of(error, connection)
        # What is refused for good is to be mended here, and is nothing that went away on the way.
        code = Exit.USAGE if isinstance(error, RefusedError) else report(error).exit_code
        raise PreflightFailed(
            refusal.sentence, way_out=refusal.way_out, exit_code=code, kind=error.error_class
        ) from error


def _kept(connection: str | None) -> tuple[str, Catalog]:
    settings = Settings()
    asked = load_config(settings).connection(connection)
    with closing(open_stores(settings).open(settings.ledger)) as store:
        kept = Catalogs(store).find(asked.name, asked.api_base)
    if kept is None:
        raise NotHere(f"the tables of connection {asked.name} were never fetched", way_out="forebay schema")
    return asked.name, kept


def _when(refreshed: Sequence[datetime]) -> str:
    """Says when they were refreshed, as Stripe told."""
    moments = list(dict.fromkeys(f"{moment:%Y-%m-%d %H:%M}" for moment in refreshed))
    return f", refreshed {' to '.join(moments)} UTC" if moments else ""


def _unknown_types(tables: Sequence[Table]) -> Iterator[str]:
    """Names the types by which nothing is checked, if there are some."""
    unknown = sorted(
        {column.type or "none" for table in tables for column in table.columns if not parse_type(column.type)}
    )
    if unknown:
        yield f"types that are not known here, by which nothing is checked: {', '.join(unknown)}"


def _print(column: Column) -> None:
    notes = "  ".join(_notes(column))
    plain_text.stdout().print(
        styled(f"{column.name:<32} {column.type or '?':<10}", (f"  {notes}" if notes else "", "dim"))
    )


def _notes(column: Column) -> Iterator[str]:
    if column.is_key:
        yield "key"
    for place in column.refers_to:
        yield f"→ {place.table}.{place.column}"
    if column.description:
        yield column.description


def _described(column: Column) -> dict[str, object]:
    return {
        "column": column.name,
        "type": column.type,
        "description": column.description,
        "is_key": column.is_key,
        "refers_to": [f"{place.table}.{place.column}" for place in column.refers_to],
    }
