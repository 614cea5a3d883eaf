"""Accepts a batch: into the ledger first, so that accepted means durable, then into Redis, so that it runs.

Called with a `NewBatch` by the commands, by beat, and by whoever cuts a run into parts.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from forebay.config.connections import Connection
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.deployment.spent_runs import SpentRuns
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.scheduler.batches.budgets import DailyBudget, spend
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.reconciling import take_as_it_is
from forebay.scheduler.batches.sharing import shared
from forebay.scheduler.errors import NotOpened
from forebay.store.errors import NotFound
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, Item

#: A flow that got nothing for so long counts as the next class up, until it gets one grant.
AGEING_S = 15 * 60.0


class Submitter:
    """Submits batches to one deployment: a ledger and a Redis."""

    def __init__(
        self, ledger: Ledger, client: Client, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Dates by `now` what is accepted; the day of a budget is the UTC day of it."""
        self._ledger = ledger
        self._redis = client
        self._now = now

    def submit(self, new: NewBatch) -> Batch:
        """Accepts a batch, and opens a flow for each lane that its items fall into.

        The same id twice is the same batch: nothing is added. Raises `InputError` and `BudgetExceeded` before anything
        is kept.
        """
        connection, now = new.connection, self._now().astimezone(UTC)
        pairs: Iterable[tuple[str, Item]] = ((connection.lane(item.account), item) for item in new.items)
        if new.sharing:
            pairs = shared(self._redis, new.terms.id, pairs, new.sharing)
        with self._spending(new.terms.id, new.budget, now.date()):
            written = self._ledger.write_batch(new.terms, pairs, connection=connection.name, created_at=now)
        try:
            self.open(written.batch, connection)
        except GovernorError as error:
            raise NotOpened(new.terms.id, str(error)) from error
        return written.batch

    def open(self, batch: Batch, connection: Connection) -> None:
        """Makes an accepted batch run; opening it twice changes nothing."""
        for position, flow in enumerate(batch.flows):
            governor = Governor(self._redis, flow.lane)
            governor.configure(lane_limits(connection))
            take_as_it_is(governor)
            governor.open_flow(batch.id, flow.size, batch.standing, hold_after=canary_hold_after(batch, position))
        RecentBatches(self._redis).add(batch.id, batch.created_at)
        if batch.policy and not batch.policy.whole:
            ClosingQueue(self._redis).add_new(batch.id, AT_ONCE)

    @contextmanager
    def _spending(self, batch_id: str, budget: DailyBudget | None, day: date) -> Iterator[None]:
        """Counts the batch against its definition's budget, and takes it back if the batch does not come to be."""
        spent_runs = SpentRuns(self._redis)
        counted = budget and not self._exists(batch_id) and spend(spent_runs, budget, batch_id, day)
        try:
            yield
        except BaseException:
            if budget and counted:
                spent_runs.refund(budget.definition, day, batch_id)
            raise

    def _exists(self, batch_id: str) -> bool:
        try:
            self._ledger.batch(batch_id)
        except NotFound:
            return False
        return True


def canary_hold_after(batch: Batch, position: int) -> int | None:
    """Says up to which index the flow at this position may run before the canary, the first run of all, has landed."""
    if batch.policy is None or not batch.policy.canary:
        return None
    return 1 if position == 0 else 0


def lane_limits(connection: Connection) -> LaneLimits:
    """Says of a connection what the governor needs to know."""
    return LaneLimits(
        cap=connection.cap,
        margin=connection.margin,
        creates_per_s=connection.budgets.creates_per_s,
        retrieves_per_s=connection.budgets.retrieves_per_s,
        requests_per_s=connection.budgets.requests_per_s,
        reserve_interactive=connection.reserve_interactive,
        reserve_scheduled=connection.reserve_scheduled,
        ageing_s=AGEING_S,
    )
