"""Makes failed runs of a batch wait again, when a person asks for it; what failed to land only lands again.

A batch that was closed is closed once more, when its runs have ended anew.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forebay.governor.contract import Retry
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.errors import FlowCanceled, FlowUnknown
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.scheduler.batches.lookup import find_batch, finest
from forebay.scheduler.errors import BatchCanceled
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord

#: By then whoever retries a batch has done so, or has died over it.
RETRIED_MS = 60_000

_STATES_PAGE = 10_000
_RETRY_PAGE = 500


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What a retry came to."""

    retried: int
    """Runs that wait again."""
    landings: int
    """Those of them of which only the landing is repeated."""


class Retrier:
    """Retries batches of one deployment."""

    def __init__(self, ledger: Ledger, client: Client) -> None:
        self._ledger = ledger
        self._redis = client
        self._view = View(client)
        self._closing_queue = ClosingQueue(client)

    def retry_failed(self, batch_id: str) -> RetryReport:
        """Makes every failed run of a batch wait again; those whose landing failed only land again.

        Of a run that was cut it is the parts that failed: the whole would hit its wall again. Raises `BatchUnknown`,
        `BatchCanceled`, `FlowUnknown`.
        """
        batch = find_batch(self._ledger, batch_id)
        # Parts have no closing of their own.
        closed_by = (batch.policy and batch.policy.whole) or batch_id
        retried = landings = 0
        in_parts = finest(self._ledger, batch)
        self._ledger.open_marks.retry(batch_id)
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
        # Once more, since who found the batch settled until now may have taken the mark away.
        self._ledger.open_marks.retry(batch_id)
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
        """Makes its closing history; should we die before the end, the closer comes by all the same."""
        self._closing_queue.add_new(batch_id, self._view.now_ms() + RETRIED_MS)
        self._ledger.reopen(batch_id)

    def _retry_canary(self, batch: Batch) -> None:
        """Lets a batch that its canary stopped go on with the canary alone."""
        stop = self._ledger.stop(batch.id)
        if stop and stop.by == "canary" and not stop.resumed:
            for flow in batch.flows:
                Governor(self._redis, flow.lane).resume(batch.id)

    def _is_known(self, batch: Batch) -> bool:
        return all(self._view.flow(flow.lane, batch.id) for flow in batch.flows)

    def _failed(self, batch_id: str, lane: str, size: int) -> Iterator[int]:
        flow = self._view.flow(lane, batch_id)
        if flow and flow.canceling:
            raise BatchCanceled(batch_id)
        if flow is None:
            raise FlowUnknown(f"Redis no longer knows batch {batch_id}: it settled long ago, or Redis lost its data")
        for start in range(0, size, _STATES_PAGE):
            states = self._view.states(lane, batch_id, start, min(start + _STATES_PAGE, size))
            yield from (start + at for at, state in enumerate(states) if state is RunState.FAILED)

    def _retry(self, batch_id: str, lane: str, index: int) -> Retry:
        failure = self._ledger.failure(batch_id, lane, index)
        if failure is None:
            return Retry(index, 0)
        # The ledger learns first that this failure is no longer the run's end.
        self._ledger.retry_failure(batch_id, lane, index, failure)
        return retry_of(index, failure)


def retry_of(index: int, failure: FailureRecord) -> Retry:
    """Says how a failed run goes on: with its result if there is one, else with a new attempt."""
    if failure.query_run and not failure.error_class.ended_at_stripe:
        return Retry(index, failure.attempt, failure.query_run)
    return Retry(index, failure.attempt + 1)


def _pages(runs: Iterable[Retry], size: int) -> Iterator[list[Retry]]:
    page: list[Retry] = []
    for run in runs:
        page.append(run)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
