"""Accepts a batch: into the ledger first, so that accepted means durable, then into Redis, so that it runs.

Called with a `NewBatch` by the commands, by beat, and by whoever cuts a run into parts.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from forebay.config.connections import Connection
from forebay.governor.deployment.seen_data import SeenData
from forebay.governor.errors import GovernorError
from forebay.governor.redis_client import Client
from forebay.scheduler.batches.budgets import DailyBudget, take
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.opening import open_batch
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.sharing import Sharing, shared
from forebay.scheduler.errors import KeyTaken, NotOpened, WindowHasRun
from forebay.scheduler.sql.catalog import Catalog
from forebay.scheduler.sql.data_times import DataTimes
from forebay.scheduler.windows.calendar import parse_batch_id
from forebay.store.errors import NotFound, StoreError
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.pruned_windows import YOUNGEST_PRUNED
from forebay.store.ledger.records import Batch, BatchTerms, Item

log = logging.getLogger(__name__)


class Submitter:
    """Submits batches to one deployment: a ledger and a Redis."""

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        reconciler: Reconciler,
        times: DataTimes | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Dates by `now` what is accepted; the day of a budget is the UTC day of it.

        Without `times` nobody asks the list of tables whether data have moved.
        """
        self._ledger = ledger
        self._redis = client
        self._reconciler = reconciler
        self._times = times
        self._now = now

    def submit(self, new: NewBatch) -> Batch:
        """Accepts a batch, and opens a flow for each lane that its items fall into.

        The same id twice is the same batch: nothing is added. Raises `InputError`, `WindowHasRun`, `KeyTaken` and
        `BudgetExceeded` before anything is kept.
        """
        connection, now = new.connection, self._now().astimezone(UTC)
        self._refuse_what_ran(new.terms, now)
        nonce = secrets.token_hex(8) if new.fresh else None
        items = (replace(item, nonce=nonce) for item in new.items) if nonce else new.items
        pairs: Iterable[tuple[str, Item]] = ((connection.lane(item.account), item) for item in items)
        if new.sharing:
            sharing = self.as_of_now(new.sharing, connection)
            pairs = shared(self._redis, new.terms.id, pairs, sharing, connection.api)
        there: dict[str, dict[int, str]] = {}
        with self._spending(new.terms.id, new.budget, now.date()) as take_back:
            written = self._ledger.write_batch(
                new.terms, _noting(pairs, there), connection=connection.name, api=connection.api, created_at=now
            )
            _refuse_other_content(new.terms, written.batch)
            if not written.created:
                take_back()
        try:
            if written.created:
                open_batch(self._redis, written.batch, connection, there)
            # Of what was accepted before Redis may know less than the ledger; and a lane that is new, or was put back,
            # grants nothing before it is reconciled.
            self._reconciler.bring_back(written.batch)
        except GovernorError as error:
            raise NotOpened(new.terms.id, str(error)) from error
        except StoreError as error:
            if not written.created:
                raise
            # It is accepted and open: who hears of an error would ask for it once more.
            log.warning("not reconciled, workers do it: %s", error, extra={"event": "reconciling_put_off"})
        return written.batch

    def as_of_now(self, sharing: Sharing, connection: Connection) -> Sharing:
        """Asks up to when data go now, where that decides what is shared. Raises StoreError and GovernorError."""
        if not sharing.until_data_moves:
            return sharing
        told = {account: self._told_of(connection, account, sharing) for account in sharing.accounts}
        catalogs = {account: catalog for account, catalog in told.items() if catalog}
        seen = SeenData(self._redis).of_connection(connection.name)
        if not catalogs and not seen:
            text = "nobody tells whether data have moved, so no run is shared"
            log.warning(text, extra={"event": "data_untold", "connection": connection.name})
        return replace(sharing, catalogs=catalogs, seen=seen)

    def _told_of(self, connection: Connection, account: str | None, sharing: Sharing) -> Catalog | None:
        if self._times is None:
            return None
        return self._times.ask(connection, account, self._now(), keep=account == sharing.accounts[0])

    def _refuse_what_ran(self, terms: BatchTerms, now: datetime) -> None:
        """Raises `WindowHasRun` for an extract's window that ran under another name, or was pruned."""
        policy, repeat = terms.policy, parse_batch_id(terms.id)
        if policy is None or policy.window is None or policy.kind != "extract" or not policy.counts:
            return
        if repeat and repeat[2]:
            return  # it is run again on purpose
        may_be_pruned = policy.window.end <= now - YOUNGEST_PRUNED
        if not (may_be_pruned or policy.former_names) or self._exists(terms.id):
            return
        for name in policy.former_names:
            former = name + terms.id.removeprefix(policy.definition)
            if self._exists(former):
                raise WindowHasRun(terms.id, former)
        if may_be_pruned and self._ledger.pruned.of(policy.names).cover(policy.window.start, policy.window.end):
            raise WindowHasRun(terms.id)

    @contextmanager
    def _spending(self, batch_id: str, budget: DailyBudget | None, day: date) -> Iterator[Callable[[], None]]:
        """Takes the batch's runs of its definition's budget, and takes them back if the batch does not come to be.

        Gives what takes them back, too, for whoever finds that another made the batch: that one took them as well.
        """
        # Where nothing bounds it, to ask first would cost more than to take back what another made.
        if budget is None or (budget.runs_per_day is not None and self._exists(batch_id)):
            yield lambda: None
            return
        claim = take(self._ledger.spent, budget, batch_id, day)

        def take_back() -> None:
            with suppress(StoreError):  # it counts until the day is over, then
                self._ledger.spent.take_back(claim)

        try:
            yield take_back
        except BaseException:
            take_back()
            raise

    def _exists(self, batch_id: str) -> bool:
        try:
            self._ledger.batch(batch_id)
        except NotFound:
            return False
        return True


def _refuse_other_content(terms: BatchTerms, kept: Batch) -> None:
    """Raises `KeyTaken` where the batch of its caller's key asks something else."""
    if terms.caller_key and terms.caller_key != kept.caller_key:
        raise KeyTaken(terms.caller_key.text, kept.id)


def _noting(pairs: Iterable[tuple[str, Item]], there: dict[str, dict[int, str]]) -> Iterator[tuple[str, Item]]:
    """Yields all as they are, and notes by lane and index, as the ledger counts, which QueryRuns are there already."""
    counted = Counter[str]()
    for lane, item in pairs:
        if item.fetched:
            there.setdefault(lane, {})[counted[lane]] = item.fetched.query_run
        counted[lane] += 1
        yield lane, item
