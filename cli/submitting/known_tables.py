"""Finds what is known of each connection's tables, and judges by it what is about to be accepted."""

from collections.abc import Collection, Iterable
from contextlib import suppress

from forebay.cli.submitting.sql_warnings import warning_lines
from forebay.config.connections import Config
from forebay.config.settings import Settings
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.catalog import Catalog, read_catalogs
from forebay.scheduler.sql.refusing import refuse_wrong


def known_catalogs(settings: Settings, config: Config) -> dict[str, Catalog]:
    """Reads what was fetched from the servers that the connections still name. Raises `InputError`."""
    return {
        name: catalog
        for name, catalog in read_catalogs(settings.data_dir).items()
        if name in config.connections and config.connections[name].api_base == catalog.api_base
    }


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
    catalog = None
    with suppress(InputError):  # a schema that cannot be read is none, and other commands say so
        catalog = known_catalogs(settings, config).get(connection)
    tables = catalog.types if catalog else None
    return warning_lines(
        (origin, finding)
        for origin, sql in texts
        for finding in refuse_wrong(origin, sql, tables=tables, hidden=hidden)
    )
