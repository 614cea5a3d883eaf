"""Makes failed runs of a batch wait again, when a person asks for it; what failed to land only lands again.

Which runs, and what each asks then, is up to whoever calls. A batch that was closed is closed once more, when its runs
have ended anew.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice

from forebay.governor.contract import Retry
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.errors import FlowCanceled, FlowUnknown
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.scheduler.batches.budgets import DailyBudget, take
from forebay.scheduler.batches.lookup import find_batch, finest
from forebay.scheduler.errors import BatchCanceled
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord, FlowSummary

#: By then whoever retries a batch has done so, or has died over it.
RETRIED_MS = 60_000

_STATES_PAGE = 10_000
_RETRY_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run that stands as failed."""

    batch_id: str
    """Its own: where it is a part of a run that was cut, that of the parts."""
    lane: str
    index: int
    failure: FailureRecord | None
    """Why; None where Redis alone knows that it failed."""

    @property
    def may_ask_otherwise(self) -> bool:
        """Tells whether a mended text can help: it failed of its text, and Stripe runs nothing of it any more.

        Of one that somebody took up already, and Redis does not know yet, the next text is decided.
        """
        failure = self.failure
        if failure is None or failure.retried or not failure.error_class.is_of_the_text:
            return False
        return retry_of(self.index, failure).query_run is None

    @property
    def begins_anew(self) -> bool:
        """Tells whether taking it up may begin a QueryRun: else there is one, of which the result is asked for."""
        return self.failure is None or retry_of(self.index, self.failure).query_run is None


@dataclass(frozen=True, slots=True)
class Try:
    """How a failed run is taken up again."""

    sql: str | None = None
    """What it asks from now on; None: the same."""


#: Says how to take up a failed run; None leaves it as it is.
Choose = Callable[[FailedRun], Try | None]


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What a retry came to."""

    retried: int
    """Runs that wait again."""
    landings: int
    """Those of them of which only the landing is repeated."""


class Retrier:
    """Retries batches of one deployment."""

    def __init__(
        self, ledger: Ledger, client: Client, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._ledger = ledger
        self._redis = client
        self._view = View(client)
        self._closing_queue = ClosingQueue(client)

    def failed(self, batch_id: str) -> Iterator[FailedRun]:
        """Yields the runs that a retry can take up, in their order.

        Of a run that was cut it is the parts that failed: the whole would hit its wall again. Raises as `retry` does.
        """
        batch = find_batch(self._ledger, batch_id)
        in_parts = finest(self._ledger, batch)
        for flow in batch.flows:
            yield from self._failed(batch_id, flow, in_parts)
        for parts in in_parts.values():
            if self._is_known(parts):
                yield from self.failed(parts.id)

    def retry(self, batch_id: str, choose: Choose = lambda _: Try()) -> RetryReport:
        """Makes failed runs of a batch wait again, all if not told otherwise; those that failed to land only land.

        Raises `BatchUnknown`, `BatchCanceled`, `FlowUnknown`, and `BudgetExceeded` before anything is retried.
        """
        self._take_budget(batch_id, choose)
        return self._retry_batch(batch_id, choose)

    def _take_budget(self, batch_id: str, choose: Choose) -> None:
        """Takes the runs of today that a retry begins, all before the first, where their definition has a bound."""
        policy, now = find_batch(self._ledger, batch_id).policy, self._now().astimezone(UTC)
        if policy and policy.runs_on(now.date()) is not None:
            runs = sum(run.begins_anew for run in self.failed(batch_id) if choose(run) is not None)
            self._take(policy, runs, f"{batch_id}#retried-{now:%H%M%S%f}", now.date())

    def _count(self, batch: Batch, runs: Sequence[FailedRun]) -> None:
        """Counts runs that a retry is about to begin, where their definition has no bound, so that nobody took them."""
        now = self._now().astimezone(UTC)
        if batch.policy and batch.policy.runs_on(now.date()) is None:
            first = runs[0]
            attempt = first.failure.attempt + 1 if first.failure else 0
            # A retry that died and is given again counts once.
            who = f"{batch.id}#retried-{first.lane}-{first.index}-{attempt}"
            self._take(batch.policy, sum(run.begins_anew for run in runs), who, now.date())

    def _take(self, policy: Policy, runs: int, who: str, day: date) -> None:
        budget = DailyBudget.of_batch(policy, runs, day)
        if budget and runs:
            take(self._ledger.spent, budget, who, day)

    def _retry_batch(self, batch_id: str, choose: Choose) -> RetryReport:
        batch = find_batch(self._ledger, batch_id)
        # Parts have no closing of their own.
        closed_by = (batch.policy and batch.policy.whole) or batch_id
        retried = landings = 0
        in_parts = finest(self._ledger, batch)
        self._ledger.open_marks.retry(batch_id)
        for flow in batch.flows:
            governor = Governor(self._redis, flow.lane)
            failed = self._failed(batch_id, flow, in_parts)
            chosen = ((run, way) for run in failed if (way := choose(run)))
            while some := list(islice(chosen, _RETRY_PAGE)):
                self._count(batch, [run for run, _ in some])
                page = [self._retry(run, way) for run, way in some]
                if batch.policy and not retried:
                    self._reopen(closed_by)
                try:
                    retried += governor.retry(batch_id, page)
                except FlowCanceled as error:
                    raise BatchCanceled(batch_id) from error
                landings += sum(1 for run in page if run.query_run)
        # Once more, since who found the batch settled until now may have taken the mark away.
        self._ledger.open_marks.retry(batch_id)
        if batch.policy:
            if retried:
                self._ledger.reopen(closed_by)  # its closer may have closed it meanwhile
            self._retry_canary(batch)
            self._closing_queue.add(closed_by, AT_ONCE)
        for parts in in_parts.values():
            if self._is_known(parts):
                report = self._retry_batch(parts.id, choose)
                retried, landings = retried + report.retried, landings + report.landings
        return RetryReport(retried, landings)

    def _reopen(self, batch_id: str) -> None:
        """Makes its closing history; should we die before the end, the closer comes by all the same."""
        self._closing_queue.add_new(batch_id, self._view.now_ms() + RETRIED_MS)
        self._ledger.reopen(batch_id)

    def _retry_canary(self, batch: Batch) -> None:
        """Lets a batch that its canary stopped go on with the canary alone, if that was taken up."""
        stop = self._ledger.stop(batch.id)
        if stop and stop.by == "canary" and not stop.resumed and not self._stands_failed(batch):
            for flow in batch.flows:
                Governor(self._redis, flow.lane).resume(batch.id)

    def _stands_failed(self, batch: Batch) -> bool:
        """Tells whether the first run of all is still failed."""
        return self._view.states(batch.flows[0].lane, batch.id, 0, 1) == [RunState.FAILED]

    def _is_known(self, batch: Batch) -> bool:
        return all(self._view.flow(flow.lane, batch.id) for flow in batch.flows)

    def _failed(self, batch_id: str, flow: FlowSummary, in_parts: Container[tuple[str, int]]) -> Iterator[FailedRun]:
        lane = flow.lane
        for index in self._failed_indexes(batch_id, lane, flow.size):
            if (lane, index) not in in_parts:
                failure = self._ledger.failure(batch_id, lane, index)
                yield FailedRun(batch_id=batch_id, lane=lane, index=index, failure=failure)

    def _failed_indexes(self, batch_id: str, lane: str, size: int) -> Iterator[int]:
        flow = self._view.flow(lane, batch_id)
        if flow and flow.canceling:
            raise BatchCanceled(batch_id)
        if flow is None:
            raise FlowUnknown(f"Redis no longer knows batch {batch_id}: it settled long ago, or Redis lost its data")
        for start in range(0, size, _STATES_PAGE):
            states = self._view.states(lane, batch_id, start, min(start + _STATES_PAGE, size))
            yield from (start + at for at, state in enumerate(states) if state is RunState.FAILED)

    def _retry(self, run: FailedRun, way: Try) -> Retry:
        if run.failure is None:
            return Retry(run.index, 0)
        # The ledger learns first that this failure is no longer the run's end.
        self._ledger.retry_failure(run.batch_id, run.lane, run.index, run.failure, way.sql)
        return retry_of(run.index, run.failure)


def retry_of(index: int, failure: FailureRecord) -> Retry:
    """Says how a failed run goes on: with its result if there is one, else with a new attempt.

    One whose create nobody answered keeps its attempt, and so its key: should it have run after all, its result is had.
    """
    if failure.query_run is None and failure.error_class is FailureClass.PROVIDER:
        return Retry(index, failure.attempt)
    if failure.query_run and not failure.error_class.ended_at_stripe:
        return Retry(index, failure.attempt, failure.query_run)
    return Retry(index, failure.attempt + 1)
