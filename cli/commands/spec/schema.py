"""Fetches which tables and columns SQL can name, and keeps them for `forebay validate`: `forebay schema`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.request import getproxies

import typer

from forebay.cli import options
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text
from forebay.config.connections import Connection
from forebay.config.document.strict import did_you_mean
from forebay.config.load import load_config
from forebay.config.proxies import proxy_for
from forebay.config.settings import Settings
from forebay.config.stripe import API_BASE
from forebay.queryrun.errors import NotFoundError
from forebay.queryrun.tables import Column, fetch_tables
from forebay.scheduler.sql.catalog import Catalog, keep_catalog, read_catalogs

schema = typer.Typer(invoke_without_command=True, help="Fetch the names of tables and columns, or list them.")

_UNTOLD = (
    "Stripe tells its tables only in the successor of this API (/v2/data/schemas), which Forebay does not speak yet"
)
_WAY_OUT = "a connection whose api_base is a `forebay sandbox` can be asked"


@schema.callback()
def fetch(context: typer.Context, connection: options.ConnectionName = None, *, as_json: options.Json = False) -> int:
    """Fetch which tables and columns there are, for `forebay validate`."""
    if context.invoked_subcommand:
        return Exit.OK
    settings = Settings()
    asked = load_config(settings).connection(connection)
    catalog = Catalog(api_base=asked.api_base, fetched_at=datetime.now(UTC), tables=_fetched(asked))
    keep_catalog(settings.data_dir, asked.name, catalog)
    columns = sum(map(len, catalog.tables.values()))
    if as_json:
        counts = {"connection": asked.name, "tables": len(catalog.tables), "columns": columns}
        events.result(Exit.OK, **counts)
    else:
        plain_text.say(
            f"{len(catalog.tables)} tables with {columns} columns; `forebay validate` checks names against them"
        )
    return Exit.OK


@schema.command(name="ls")
def ls(connection: options.ConnectionName = None, *, as_json: options.Json = False) -> int:
    """List the tables that were fetched."""
    _, catalog = _kept(connection)
    for table, columns in sorted(catalog.tables.items()):
        if as_json:
            events.emit("table", table=table, columns=[column.name for column in columns])
        else:
            plain_text.stdout().print(f"{table:<32} {len(columns)} columns")
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
    if table not in catalog.tables:
        raise NotHere(f"connection {name} has no table '{table}'{did_you_mean(table, sorted(catalog.tables))}")
    for column in catalog.tables[table]:
        if as_json:
            events.emit("column", column=column.name, type=column.type)
        else:
            plain_text.stdout().print(f"{column.name:<32} {column.type}")
    if as_json:
        counts = {"table": table, "columns": len(catalog.tables[table])}
        events.result(Exit.OK, **counts)
    return Exit.OK


def _fetched(connection: Connection) -> Mapping[str, tuple[Column, ...]]:
    if connection.api_base == API_BASE:
        raise NotHere(_UNTOLD, way_out=_WAY_OUT)
    try:
        return fetch_tables(connection.api_base, proxy=proxy_for(connection.api_base, getproxies()))
    except NotFoundError as error:
        raise NotHere(error.message, way_out=_WAY_OUT) from error


def _kept(connection: str | None) -> tuple[str, Catalog]:
    settings = Settings()
    config = load_config(settings)
    name = config.connection(connection).name
    kept = read_catalogs(settings.data_dir)
    if name not in kept:
        raise NotHere(f"the tables of connection {name} were never fetched", way_out="forebay schema")
    return name, kept[name]
