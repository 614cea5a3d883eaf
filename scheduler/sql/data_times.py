"""Asks up to when the data of tables go, of Stripe's list of tables: without a run.

Only where it is known (`tables_tell_data`) that the list's `refreshed_at` is the time of the data: Stripe's guide reads
so, and its SDK says that it is the time of the description.

It tells whether the data of a window have come in (`extracts/rounds.py`), and whether what a run saw is what it would
see now (`batches/sharing.py`). What was told is kept where `forebay schema` keeps it.
"""

import hashlib
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.queryrun.errors import ProviderError, QueryRunError, QuotaError
from forebay.scheduler.sql.catalog import Catalog, Catalogs

log = logging.getLogger(__name__)

#: Between two requests. Data come in once in hours.
EVERY = timedelta(minutes=15)


class Fetch(Protocol):
    """As `catalog_fetch.fetch_catalog` is, with proxies told."""

    def __call__(self, connection: Connection, account: str | None, *, now: datetime) -> Catalog: ...


class DataTimes:
    """Asks, and remembers the newest answer of each account. One thread uses it."""

    def __init__(self, catalogs: Catalogs, fetch: Fetch) -> None:
        """Takes `fetch`, of which a refusal of Stripe's is no answer, and no error."""
        self._catalogs, self._fetch = catalogs, fetch
        self._told: dict[tuple[str, str | None], Catalog | None] = {}
        self._answers: dict[tuple[str, str | None], tuple[datetime, Catalog | None]] = {}
        self._refused: set[tuple[str, str | None]] = set()

    def known(self, connection: Connection, account: str | None) -> Catalog | None:
        """Gives what was told last of an account, whoever asked; None where nobody was, or where it tells nothing.

        Raises StoreError.
        """
        if not connection.tables_tell_data:
            return None
        whose = (connection.name, account)
        if whose not in self._told:
            kept = self._catalogs.readable(connection.name, connection.api_base)
            self._told[whose] = kept.without_columns() if kept and kept.account == account else None
        return self._told[whose]

    def may_ask(self, connection: Connection, account: str | None, now: datetime) -> bool:
        """Tells whether `ask` would ask Stripe, since this process did not in the last `EVERY`."""
        asked = self._answers.get((connection.name, account))
        return connection.tables_tell_data and (asked is None or now - asked[0] >= EVERY)

    def has_answered(self, connection: Connection, account: str | None) -> bool:
        """Tells whether Stripe said what this account's tables tell, be it nothing. Raises StoreError."""
        return (connection.name, account) in self._refused or self.known(connection, account) is not None

    def ask(self, connection: Connection, account: str | None, now: datetime, *, keep: bool = True) -> Catalog | None:
        """Asks if this process did not in the last `EVERY`; None where Stripe tells this key nothing of its data.

        What is told is kept for whoever works on the ledger, unless it is one more account's of several. It comes back
        without columns. Raises StoreError.
        """
        whose = (connection.name, account)
        if self.may_ask(connection, account, now):
            answer = self._fetched(connection, account, now)
            if answer and keep:
                self._catalogs.keep(connection.name, answer)
            # Of several hundred accounts the columns would fill the memory.
            self._answers[whose] = now, answer and answer.without_columns()
            if answer:
                self._told[whose] = self._answers[whose][1]
        return self._answers.get(whose, (now, None))[1] if connection.tables_tell_data else None

    def _fetched(self, connection: Connection, account: str | None, now: datetime) -> Catalog | None:
        whose = (connection.name, account)
        try:
            answer = self._fetch(connection, account, now=now)
        except (QueryRunError, ConfigError) as error:
            log.info("the list of tables does not tell how fresh data are: %s", error, extra={"event": "data_untold"})
            if not isinstance(error, ProviderError | QuotaError):
                self._refused.add(whose)
            return None
        self._refused.discard(whose)
        return answer


def data_until(catalog: Catalog | None, tables: Collection[str] | None) -> datetime | None:
    """Says up to when the data of all these tables go; None where that is not known of each of them."""
    times = _times(catalog, tables)
    return min(times.values()) if times else None


def data_state(catalog: Catalog | None, tables: Collection[str] | None) -> str | None:
    """Names what these tables hold, by another word once one of them has newer data; None where that is not known."""
    times = _times(catalog, tables)
    if not times:
        return None
    listed = "\n".join(f"{table} {times[table].isoformat()}" for table in sorted(times))
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def _times(catalog: Catalog | None, tables: Collection[str] | None) -> dict[str, datetime] | None:
    if catalog is None or not tables:
        return None
    told = {table.name.lower(): table.refreshed_at for table in catalog.tables}
    times = {table: time for table in tables if (time := told.get(table)) is not None}
    return times if len(times) == len(set(tables)) else None
