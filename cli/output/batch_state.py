"""Names how a batch stands, in one word that is the same everywhere: for people and in `--json`."""

from enum import StrEnum

from forebay.scheduler.batches.progress import Progress
from forebay.store.ledger.outcomes import Closing, Stop
from forebay.store.ledger.records import Batch


class BatchState(StrEnum):
    """How a batch stands; the value is what scripts compare, and its words what people read."""

    QUEUED = "queued"  # accepted; nothing of it is at Stripe yet
    RUNNING = "running"  # something of it still has to run or to land
    CANARY = "canary"  # its first run goes alone
    PAUSED = "paused"  # a person paused it
    STOPPED = "stopped"  # its closer did, or it ended so
    CANCELING = "canceling"  # canceled, and Stripe still runs something of it
    CLOSING = "closing"  # all has settled, and is checked and published
    LOST = "lost"  # Redis does not know it, and it has not settled: it has to be restored
    UNREADABLE = "unreadable"  # its record cannot be read
    LANDED = "landed"  # all of it landed
    PARTIAL = "partial"  # a part of it landed
    FAILED = "failed"  # nothing of it landed
    CHECKS_FAILED = "checks_failed"  # it landed, and failed a check
    CANCELED = "canceled"  # a person canceled it

    @property
    def words(self) -> str:
        """Writes it for people."""
        return self.replace("_", " ")

    @property
    def settled(self) -> bool:
        """Says whether nothing of it goes on by itself."""
        return self in _SETTLED


_SETTLED = {
    BatchState.LANDED,
    BatchState.PARTIAL,
    BatchState.FAILED,
    BatchState.CHECKS_FAILED,
    BatchState.CANCELED,
    BatchState.STOPPED,
    BatchState.PAUSED,
    BatchState.UNREADABLE,
}


def batch_state(
    batch: Batch, progress: Progress, closing: Closing | None = None, stop: Stop | None = None
) -> BatchState:
    """Names it; closing and stop are what the ledger has of a batch of the spec."""
    if progress.done:
        if closing:
            return BatchState(closing.outcome)
        return BatchState.CLOSING if batch.needs_closing else _by_counts(progress)
    if not progress.known:
        return BatchState.LOST
    if progress.canceling:
        return BatchState.CANCELING
    if progress.paused:
        return BatchState.STOPPED if stop and not stop.resumed else BatchState.PAUSED
    if progress.canary_out:
        return BatchState.CANARY
    begun = progress.size - progress.waiting - progress.starting
    return BatchState.RUNNING if begun else BatchState.QUEUED


def _by_counts(progress: Progress) -> BatchState:
    if progress.canceling or progress.canceled:
        return BatchState.CANCELED
    if progress.landed == progress.size:
        return BatchState.LANDED
    return BatchState.PARTIAL if progress.landed else BatchState.FAILED
