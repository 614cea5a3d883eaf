"""Fetches the tables of one connection as a whole: for `forebay schema`, and for `catalog_refresh.py` once a day."""

from collections.abc import Mapping
from datetime import datetime

from forebay.config.connections import Connection
from forebay.config.proxies import proxy_for
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.lists.tables import fetch_tables
from forebay.scheduler.sql.catalog import Catalog


def fetch_catalog(connection: Connection, account: str | None, *, proxies: Mapping[str, str], now: datetime) -> Catalog:
    """Asks for all tables. Raises QueryRunError and ConfigError."""
    with QueryRunClient(connection, proxy=proxy_for(connection.api_base, proxies)) as client:
        tables = fetch_tables(client, account=account)
    return Catalog(api_base=connection.api_base, account=account, fetched_at=now, tables=tables)
