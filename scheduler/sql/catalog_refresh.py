"""Fetches the tables of connections once a day, where the spec asks for that. Beat calls it.

However many beats run, one of them fetches: the turn for it lies in Redis, and what was fetched in the ledger, where
all see how old it is. What was told before stays until there is something whole in its place. After a failure it is
tried again an hour later, by whoever comes first then.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from forebay.config.connections import Config, Connection
from forebay.config.errors import ConfigError
from forebay.config.schema_refresh import SchemaRefresh
from forebay.governor.deployment.schema_turn import SchemaTurn
from forebay.governor.redis_client import Client
from forebay.queryrun.errors import QueryRunError
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.catalog import Catalog, Catalogs, NotTold
from forebay.scheduler.sql.catalog_fetch import fetch_catalog
from forebay.scheduler.sql.catalog_refusals import refusal_of

log = logging.getLogger(__name__)

#: Stripe changes tables seldom; what is new is known the day after.
EVERY = timedelta(days=1)
#: After a failure.
AGAIN = timedelta(hours=1)
#: A turn is over by then, and lasts longer than any fetching.
TURN_S = AGAIN.total_seconds() - 60
#: How soon whoever missed the turn looks whether it came to something: one GET of the ledger.
LOOK_AGAIN = timedelta(minutes=10)


class CatalogRefresher:
    """Keeps the catalogs of a spec's connections young. One thread uses it."""

    def __init__(
        self,
        catalogs: Catalogs,
        client: Client,
        *,
        account_of: Callable[[Config, Connection], str | None],
        proxies: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        """Takes `account_of`, which says whose key to use; where that says nobody it is asked as the last time."""
        self._catalogs, self._redis, self._proxies, self._now = catalogs, client, proxies, now
        self._account_of = account_of
        self._look_at: dict[tuple[str, str], datetime] = {}
        """By connection and server: one that the spec moves to another server is asked at once."""

    def look(self, config: Config) -> None:
        """Fetches what is due and nobody else fetches. Raises StoreError and GovernorError."""
        for connection in _daily(config.connections.values()):
            now, asked = self._now(), (connection.name, connection.api_base)
            if now >= self._look_at.get(asked, now):
                self._look_at[asked] = now + LOOK_AGAIN  # where this raises
                self._look_at[asked] = self._looked(config, connection, now)

    def _looked(self, config: Config, connection: Connection, now: datetime) -> datetime:
        """Fetches the tables of one connection if they are due; returns when to look again."""
        if (due := _due(self._catalogs.readable(connection.name, connection.api_base), now)) > now:
            return due
        if not SchemaTurn(self._redis, connection.name, good_for_s=TURN_S).take():
            return now + LOOK_AGAIN
        kept = self._catalogs.readable(connection.name, connection.api_base)
        if (due := _due(kept, now)) > now:  # whoever had the turn before has fetched meanwhile
            return due
        try:
            account = self._account_of(config, connection) or (kept.account if kept else None)
            catalog = fetch_catalog(connection, account, proxies=self._proxies, now=now)
        except QueryRunError as error:
            refusal = refusal_of(error, connection)
            self._put_off(connection, kept, NotTold(at=now, reason=refusal.sentence, way_out=refusal.way_out))
        except (ConfigError, InputError) as error:
            self._put_off(connection, kept, NotTold(at=now, reason=str(error)))
        else:
            self._catalogs.keep(connection.name, catalog)
            log.info(
                "the tables of connection %s were fetched: %d",
                connection.name,
                len(catalog.tables),
                extra={"event": "schema_fetched", "connection": connection.name},
            )
            return now + EVERY
        return now + AGAIN

    def _put_off(self, connection: Connection, kept: Catalog | None, not_told: NotTold) -> None:
        self._catalogs.note_not_told(connection.name, not_told)
        left = f"those of {kept.fetched_at:%Y-%m-%d} stay" if kept else "there are none"
        log.warning(
            "the tables of connection %s were not fetched, and %s: %s",
            connection.name,
            left,
            not_told.reason,
            extra={"event": "schema_put_off", "connection": connection.name},
        )


def _due(kept: Catalog | None, now: datetime) -> datetime:
    """Says when to fetch next: at once, too, where what is there is of a clock that was ahead."""
    return now if kept is None or kept.fetched_at > now else kept.fetched_at + EVERY


def _daily(connections: Iterable[Connection]) -> Iterable[Connection]:
    return (each for each in connections if each.refresh_schema is SchemaRefresh.DAILY)
