"""Finds what is known of each connection's tables, and judges by it what is about to be accepted."""

from collections.abc import Collection, Iterable
from contextlib import closing, suppress

from forebay.cli.submitting.sql_warnings import warning_lines
from forebay.config.connections import Config
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.scheduler.sql.refusing import refuse_wrong
from forebay.store.errors import StoreError


def read_known(settings: Settings, config: Config) -> dict[str, Catalog]:
    """Reads what each server told that the connections still name, as the ledger has it. Raises StoreError."""
    with closing(open_stores(settings).open(settings.ledger)) as store:
        found = {name: Catalogs(store).find(name, each.api_base) for name, each in config.connections.items()}
    return {name: catalog for name, catalog in found.items() if catalog}


def known_catalog(settings: Settings, config: Config, connection: str) -> Catalog | None:
    """Reads what is known of one connection; None, too, where it cannot be read: `validate` and `doctor` say so."""
    if connection not in config.connections:  # of an older spec
        return None
    with suppress(StoreError), closing(open_stores(settings).open(settings.ledger)) as store:
        return Catalogs(store).find(connection, config.connections[connection].api_base)
    return None


def refuse_all_wrong(
    texts: Iterable[tuple[str, str]],
    settings: Settings,
    config: Config,
    connection: str,
    *,
    hidden: Collection[str] = (),
) -> tuple[str, ...]:
    """Refuses the first text, said to be of some place, that Trino is certain to refuse; words what else it warns of.

    Raises `InputError`.
    """
    if not settings.check_sql:
        return ()
    catalog = known_catalog(settings, config, connection)
    tables = catalog.types if catalog else None
    return warning_lines(
        (origin, finding)
        for origin, sql in texts
        for finding in refuse_wrong(origin, sql, tables=tables, hidden=hidden)
    )
