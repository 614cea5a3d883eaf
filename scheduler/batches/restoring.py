"""Gets a batch back into a Redis that does not know it, from the ledger and the manifests alone.

Called by the reconciler, which tells Redis afterwards what people want of the batch: until then it is paused. A run
whose manifest exists has landed; one with a failure on record, and no retry since, failed; every other one waits again.
Its create then replays the idempotency key of its attempt, so Stripe answers with the QueryRun that it has: nothing is
executed a second time. A batch with unsettled runs that is older than Stripe keeps keys is left alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forebay.config.connections import Config
from forebay.config.stripe import IDEMPOTENCY_KEY_DAYS
from forebay.governor.contract import Remembered
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.deployment.shared_runs import MOST_AGE
from forebay.governor.governor import Governor
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.redis_client import Client
from forebay.governor.states import RunState
from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import place_stem
from forebay.scheduler.batches.landed_runs import landed_runs
from forebay.scheduler.batches.opening import canary_hold_after, lane_limits
from forebay.scheduler.batches.retrying import retry_of
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch

#: Past the life of its key a replayed create would run its query again. A day less: a run may wait in its queue.
REPLAYABLE = timedelta(days=IDEMPOTENCY_KEY_DAYS - 1)

#: Why a flow is paused from its restoring until Redis was told what people want of it.
COMING_BACK = "it comes back from the ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """One flow that Redis did not know, and what the ledger knew of it."""

    batch_id: str
    lane: str
    size: int
    landed: int
    failed: int
    waiting: int
    too_old: bool = False
    """Not restored: what waits in it could only be run again, which is the user's to decide."""


class Restorer:
    """Restores the flows of batches. Safe beside workers, and twice: a flow that Redis knows is left alone."""

    def __init__(self, ledger: Ledger, client: Client, config: Config, open_store: Callable[[str], Store]) -> None:
        self._ledger = ledger
        self._redis = client
        self._config = config
        self._open_store = open_store

    def restore(self, batch: Batch) -> Iterator[Restored]:
        """Restores the flows of one batch that Redis does not know, paused.

        Raises StoreError, LandingError, `ConfigError` and `GovernorError`.
        """
        if self._is_published_elsewhere(batch):
            return
        limits = lane_limits(self._config.connection(batch.connection))
        runs = landed_runs(self._open_store(batch.output), batch)
        manifests = {stem: run.whole for stem, run in runs.items()}
        held = self._canary_is_out(batch, any_landed=bool(manifests))
        for position, flow in enumerate(batch.flows):
            governor = Governor(self._redis, flow.lane)
            hold_after = canary_hold_after(batch, position) if held else None
            remembered, replayable = self._remember(batch, flow.lane, flow.size, manifests, hold_after)
            states = remembered.states
            too_old = replayable is not None and datetime.now(UTC) - batch.created_at > replayable
            governor.configure(limits)
            if too_old or Reconciliation(self._redis, flow.lane).restore_flow(batch.id, remembered):
                yield Restored(
                    batch_id=batch.id,
                    lane=flow.lane,
                    size=flow.size,
                    landed=states.count(RunState.LANDED),
                    failed=states.count(RunState.FAILED),
                    waiting=states.count(RunState.WAITING),
                    too_old=too_old,
                )
        if batch.needs_closing and self._ledger.closing(batch.id) is None:
            ClosingQueue(self._redis).add_new(batch.id, AT_ONCE)
        RecentBatches(self._redis).add(batch.id, batch.created_at)

    def _is_published_elsewhere(self, batch: Batch) -> bool:
        """Says that these are parts of a run that has landed in parts, these or others: they left quarantine."""
        whole = batch.policy.whole if batch.policy else None
        closing = self._ledger.closing(whole) if whole else None
        run = batch.id.rpartition("-")[0]
        return closing is not None and any(parts.rpartition("-")[0] == run for parts in closing.parts)

    def _canary_is_out(self, batch: Batch, *, any_landed: bool) -> bool:
        """Says whether the first run has still to decide about the others, or has decided against them."""
        if batch.policy is None or not batch.policy.canary or any_landed:
            return False
        stop = self._ledger.stop(batch.id)
        if stop and stop.resumed:
            return False
        failure = self._ledger.failure(batch.id, batch.flows[0].lane, 0)
        return failure is None or failure.retried or failure.error_class.is_deterministic

    def _remember(
        self, batch: Batch, lane: str, size: int, manifests: dict[str, Manifest], hold_after: int | None
    ) -> tuple[Remembered, timedelta | None]:
        """Gathers what the ledger knows of a flow, and for how long what waits can be replayed; None: for ever."""
        states = [RunState.WAITING] * size
        attempts: dict[int, int] = {}
        for index, failure in self._ledger.failures(batch.id, lane):
            if failure.retried:
                attempts[index] = retry_of(index, failure).attempt
            else:
                states[index] = RunState.FAILED
        landed, sharing, replaying = [], False, False
        query_runs: dict[int, str] = {}
        for index, item in enumerate(self._ledger.items(batch.id, lane)):
            manifest = manifests.get(place_stem(batch, item))
            if manifest:
                # Whatever failed before: the result is there.
                states[index] = RunState.LANDED
                landed.append(manifest)
            elif states[index] is RunState.WAITING and item.fetched:
                query_runs[index] = item.fetched.query_run
            elif states[index] is RunState.WAITING:
                replaying, sharing = True, sharing or item.share is not None
        canceling = self._ledger.canceled_at(batch.id) is not None
        if canceling:
            states = [RunState.CANCELED if state is RunState.WAITING else state for state in states]
        remembered = Remembered(
            size=size,
            states=states,
            attempts={index: attempt for index, attempt in attempts.items() if not states[index].settled},
            query_runs={} if canceling else query_runs,
            stored_bytes=sum(manifest.object.bytes for manifest in landed),
            records=sum(manifest.csv.records or 0 for manifest in landed),
            canceling=canceling,
            standing=batch.standing,
            hold_after=hold_after,
            paused=COMING_BACK if RunState.WAITING in states else None,
        )
        if not replaying or canceling:
            return remembered, None
        return remembered, REPLAYABLE - MOST_AGE if sharing else REPLAYABLE
