"""Accepts a batch: into the ledger first, so that accepted means durable, then into Redis, so that it runs.

Also what people do to a batch afterwards: retry what failed, cancel what waits.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import redis

from forebay.config.connections import Config, Connection
from forebay.config.standing import FlowClass
from forebay.governor.closing_queue import ClosingQueue
from forebay.governor.contract import LaneLimits, Retry
from forebay.governor.errors import FlowCanceled, FlowUnknown, GovernorError
from forebay.governor.governor import Governor
from forebay.governor.keys import BATCHES
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.scheduler.batches.budgets import Budget, refund, spend
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.parts_lookup import finest, parts_of
from forebay.scheduler.batches.sharing import shared
from forebay.scheduler.errors import BatchCanceled, BatchUnknown, NotOpened
from forebay.store.errors import NotFound
from forebay.store.ledger import Ledger
from forebay.store.records import Batch, FailureRecord, Item

#: A flow that got nothing for so long counts as the next class up, until it gets one grant.
AGEING_S = 15 * 60.0

#: For a batch that its closer is to look at now, whatever the time is.
AT_ONCE = 0
#: By then whoever retries a batch has done so, or has died over it.
RETRIED_MS = 60_000

_ID_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"  # nothing that is read wrong aloud
_STATES_PAGE = 10_000
_RETRY_PAGE = 500


def new_batch_id(now: datetime) -> str:
    """Sorts by time, can be read aloud, and 30^5 a second do not meet."""
    return f"{now:%Y%m%d-%H%M%S}-{''.join(random.choices(_ID_ALPHABET, k=5))}"


@dataclass(frozen=True, slots=True)
class RetryReport:
    """How many runs wait again, of which only the landing is repeated."""

    retried: int
    landings: int


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What canceling did: runs dropped, and runs that go on at Stripe until they end there."""

    dropped: int
    held: int


class Batches:
    """Batches of one deployment: a ledger and a Redis.

    `now` dates what is accepted and canceled; the day of a budget is the UTC day of it.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: redis.Redis,
        config: Config,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._redis = client
        self._config = config
        self._now = now
        self._closing_queue = ClosingQueue(client)

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
            raise NotOpened(new.terms.id) from error
        return written.batch

    @contextmanager
    def _spending(self, batch_id: str, budget: Budget | None, day: date) -> Iterator[None]:
        """Counts the batch against its definition's budget, and takes it back if the batch does not come to be."""
        counted = budget and not self._exists(batch_id) and spend(self._redis, budget, batch_id, day)
        try:
            yield
        except BaseException:
            if budget and counted:
                refund(self._redis, budget, batch_id, day)
            raise

    def _exists(self, batch_id: str) -> bool:
        try:
            self._ledger.batch(batch_id)
        except NotFound:
            return False
        return True

    def open(self, batch: Batch, connection: Connection) -> None:
        """Makes an accepted batch run; opening it twice changes nothing."""
        for position, flow in enumerate(batch.flows):
            governor = Governor(self._redis, flow.lane)
            governor.configure(lane_limits(connection))
            governor.open_flow(batch.id, flow.size, batch.standing, hold_after=canary_hold_after(batch, position))
        self._redis.zadd(BATCHES, {batch.id: batch.created_at.timestamp() * 1000})
        if batch.policy and not batch.policy.whole:
            self._closing_queue.add_new(batch.id, AT_ONCE)

    def get(self, batch_id: str) -> Batch:
        """Raises `BatchUnknown`."""
        try:
            return self._ledger.batch(batch_id)
        except NotFound as error:
            raise BatchUnknown(batch_id) from error

    def retry_failed(self, batch_id: str) -> RetryReport:
        """Makes every failed run of a batch wait again; those whose landing failed only land again.

        Of a run that was cut it is the parts that failed: the whole would hit its wall again. Raises `BatchUnknown`,
        `BatchCanceled`, `FlowUnknown`.
        """
        batch = self.get(batch_id)
        # Parts have no closing of their own.
        closed_by = (batch.policy and batch.policy.whole) or batch_id
        retried = landings = 0
        in_parts = finest(self._ledger, batch)
        for flow in batch.flows:
            governor = Governor(self._redis, flow.lane)
            failed = (run for run in self._failed(batch_id, flow.lane, flow.size) if (flow.lane, run) not in in_parts)
            for page in _pages((self._retry(batch_id, flow.lane, run) for run in failed), _RETRY_PAGE):
                if batch.policy and not retried:
                    self._reopen(closed_by)
                try:
                    retried += governor.retry(batch_id, page)
                except FlowCanceled as error:
                    raise BatchCanceled(batch_id) from error
                landings += sum(1 for run in page if run.query_run)
        if batch.policy:
            if retried:
                self._ledger.reopen(closed_by)  # its closer may have closed it meanwhile
            self._retry_canary(batch)
            self._closing_queue.add(closed_by, AT_ONCE)
        for parts in in_parts.values():
            if self._is_known(parts):
                report = self.retry_failed(parts.id)
                retried, landings = retried + report.retried, landings + report.landings
        return RetryReport(retried, landings)

    def _reopen(self, batch_id: str) -> None:
        """Its closing is history; and should we die before the end, somebody looks at it all the same."""
        self._closing_queue.add_new(batch_id, View(self._redis).now_ms() + RETRIED_MS)
        self._ledger.reopen(batch_id)

    def _retry_canary(self, batch: Batch) -> None:
        """A batch that its canary stopped goes on with the canary alone."""
        stop = self._ledger.stop(batch.id)
        if stop and stop.by == "canary" and not stop.resumed:
            for governor in self._governors(batch.id):
                governor.resume(batch.id)

    def _is_known(self, batch: Batch) -> bool:
        view = View(self._redis)
        return all(view.flow(flow.lane, batch.id) for flow in batch.flows)

    def _failed(self, batch_id: str, lane: str, size: int) -> Iterator[int]:
        view = View(self._redis)
        flow = view.flow(lane, batch_id)
        if flow and flow.canceling:
            raise BatchCanceled(batch_id)
        if flow is None:
            raise FlowUnknown(f"Redis no longer knows batch {batch_id}: it settled long ago, or Redis lost its data")
        for start in range(0, size, _STATES_PAGE):
            states = view.states(lane, batch_id, start, min(start + _STATES_PAGE, size))
            yield from (start + at for at, state in enumerate(states) if state is RunState.FAILED)

    def _retry(self, batch_id: str, lane: str, index: int) -> Retry:
        failure = self._ledger.failure(batch_id, lane, index)
        if failure is None:
            return Retry(index, 0)
        # The ledger learns first that this failure is no longer the run's end.
        self._ledger.record_failure(batch_id, lane, index, replace(failure, retried=True))
        return retry_of(index, failure)

    def change(self, batch_id: str, *, flow_class: FlowClass | None, weight: float | None, ceiling: int | None) -> bool:
        """Changes how a batch is served, from its next grant on; False if Redis does not know it (any more)."""
        changed = [
            governor.set_flow(batch_id, flow_class=flow_class, weight=weight, ceiling=ceiling)
            for governor in self._governors(batch_id)
        ]
        return any(changed)

    def pause(self, batch_id: str, reason: str) -> bool:
        """Grants its waiting runs nothing more, until `resume`; what Stripe runs goes on and lands."""
        paused = [governor.pause(reason, batch_id) for governor in self._governors(batch_id)]
        return any(paused)

    def resume(self, batch_id: str) -> bool:
        """Grants again; False if it was not paused. What its closer stopped goes on, and is not stopped again."""
        stop = self._ledger.stop(batch_id) if self.get(batch_id).policy else None
        governors = self._governors(batch_id)
        if stop and not stop.resumed:
            self._ledger.resume(batch_id)
            for governor in governors:
                governor.release(batch_id)
        resumed = [governor.resume(batch_id) for governor in governors]
        self._closing_queue.later(batch_id, AT_ONCE)
        return any(resumed)

    def _governors(self, batch_id: str) -> list[Governor]:
        return [Governor(self._redis, flow.lane) for flow in self.get(batch_id).flows]

    def cancel(self, batch_id: str) -> CancelReport:
        """Drops what waits. Stripe goes on running what it has started: there is no cancel in its API."""
        batch = self.get(batch_id)
        self._ledger.record_cancel(batch_id, self._now().astimezone(UTC))
        dropped = held = 0
        for flow in batch.flows:
            canceled = Governor(self._redis, flow.lane).cancel(batch_id)
            if canceled:
                dropped += canceled.dropped
                held += canceled.held
        for parts in parts_of(self._ledger, batch):
            report = self.cancel(parts.id)
            dropped, held = dropped + report.dropped, held + report.held
        self._closing_queue.later(batch_id, AT_ONCE)
        return CancelReport(dropped, held)


def canary_hold_after(batch: Batch, position: int) -> int | None:
    """Up to which index the flow at this position may run before the canary, the first run of all, has landed."""
    if batch.policy is None or not batch.policy.canary:
        return None
    return 1 if position == 0 else 0


def retry_of(index: int, failure: FailureRecord) -> Retry:
    """How a failed run goes on: with its result if there is one, else with a new attempt."""
    if failure.query_run and not failure.error_class.ended_at_stripe:
        return Retry(index, failure.attempt, failure.query_run)
    return Retry(index, failure.attempt + 1)


def lane_limits(connection: Connection) -> LaneLimits:
    """What the governor needs to know of a connection."""
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


def _pages(runs: Iterable[Retry], size: int) -> Iterator[list[Retry]]:
    page: list[Retry] = []
    for run in runs:
        page.append(run)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
