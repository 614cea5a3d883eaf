"""Says up to where an extract's data are known to be, and asks: by lists of tables, else by a small run.

A gate opens once the data of each account are there, as its tables tell, where it is known that they tell of data
(`tables_tell_data`). A question is a run, so the first account's answer stands for those of which no list tells.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from forebay.config.connections import Config, Connection
from forebay.governor.deployment.seen_data import SeenData
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.definitions.accounts import resolve_accounts
from forebay.scheduler.errors import BudgetExceeded
from forebay.scheduler.extracts.ready import Ready
from forebay.scheduler.extracts.tables_read import tables_read
from forebay.scheduler.sql.catalog import Catalog
from forebay.scheduler.sql.data_times import DataTimes, data_until

log = logging.getLogger(__name__)

#: Lists of tables that one round asks for. Of several hundred accounts each is asked within a quarter of an hour.
MOST_ASKED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSources:
    """Who tells up to where data are."""

    config: Config
    ready: Ready
    times: DataTimes
    seen: SeenData


class DataTold:
    """What was told of one extract's data."""

    def __init__(self, sources: DataSources, name: str, now: datetime) -> None:
        self._sources, self._name, self._now = sources, name, now
        self._connection, self._accounts = asked_for_data(sources.config, name)

    def until(self) -> datetime | None:
        """Says up to where data of all accounts are known to be, by the newest that was told of each; asks nobody.

        An answer is never taken back: what was there is there. None, too, where a list has yet to be asked for.
        """
        whole = None
        for account, until in self._by_account():
            if until is not None:
                whole = until if whole is None else min(whole, until)
            elif account == self._accounts[0] or not self._sources.times.has_answered(self._connection, account):
                return None
        return whole

    def ask(self, needed: datetime) -> None:
        """Asks of whom it is not known that data up to there have come. Raises StoreError and what submitting raises.

        What an earlier call asked a moment ago, for whichever extract, is not asked again.
        """
        times, connection, first = self._sources.times, self._connection, self._accounts[0]
        behind = [account for account, until in self._by_account() if until is None or until < needed]
        if connection.tables_tell_data:
            unasked = [account for account in behind if times.may_ask(connection, account, self._now)]
            for account in unasked[:MOST_ASKED]:
                times.ask(connection, account, self._now, keep=account == first)
        if first in behind and self._by_tables(times.ask(connection, first, self._now)) is None:
            budget = question_budget(self._sources.config, self._name)
            try:
                self._sources.ready.ask(connection, first, self._now, budget)
            except BudgetExceeded as error:
                about = {"event": "question_unasked", "extract": self._name}
                log.warning("whether data is ready is not asked: %s", error, extra=about)

    def answer_is_near(self) -> bool:
        """Tells whether a question is on its way, so that an answer is soon there."""
        return self._sources.ready.is_asked(self._connection, self._accounts[0])

    def _by_account(self) -> Iterator[tuple[str | None, datetime | None]]:
        """Yields what is known of each account that counts. Whom no list is asked of, the first one stands for."""
        sources, connection = self._sources, self._connection
        seen = sources.seen.of_connection(connection.name)
        for account in self._accounts if connection.tables_tell_data else self._accounts[:1]:
            told = [self._by_tables(sources.times.known(connection, account)), seen.get(account)]
            if account == self._accounts[0]:
                told.append(sources.ready.known(connection, account, self._now))
            yield account, max(filter(None, told), default=None)

    def _by_tables(self, catalog: Catalog | None) -> datetime | None:
        return data_until(catalog, self._tables) if catalog else None

    @cached_property
    def _tables(self) -> frozenset[str] | None:
        """Reads an extract's SQL only where somebody told of tables: its grammar takes a moment to load."""
        return tables_read(self._sources.config, self._name, self._now)


def question_budget(config: Config, name: str) -> DailyBudget:
    """Says what an extract's question takes of its runs of the day."""
    assert config.written  # noqa: S101 - it has the extract
    extract = config.written.spec.extracts[name]
    per_day = extract.budget.runs_per_day
    return DailyBudget(definition=name, former_names=extract.former_names, runs_per_day=per_day, runs=1)


def asked_for_data(config: Config, name: str) -> tuple[Connection, Sequence[str | None]]:
    """Says by which connection, and of which accounts, an extract's data are asked for. Raises `ConfigError`.

    By the generation of the API that the extract asks by: an account may be enabled for one of them alone.
    """
    assert config.written  # noqa: S101 - it has the extract
    definition = config.written.spec.extracts[name]
    connection = config.connection(definition.connection).asked_by(definition.api)
    if definition.accounts is None or (definition.fan_out == "organization" and not connection.key_per_account):
        return connection, (None,)
    return connection, resolve_accounts(config.written, definition.accounts)
