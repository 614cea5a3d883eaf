"""Says how a batch stands that Redis does not know (any more), from the ledger and the names of its manifests alone.

Redis forgets a batch weeks after its end, and all of them when it loses its data: the two must not look alike.
"""

from collections.abc import Callable

from forebay.scheduler.batches.landed_runs import count_landed
from forebay.scheduler.batches.progress import Progress
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch


def ledger_progress(ledger: Ledger, open_store: Callable[[str], Store], batch: Batch) -> Progress:
    """Counts what has settled: by its closing, or by failures on record and manifests in the destination.

    Bytes and records are known of a closed batch only. Raises StoreError, of ledger and destination.
    """
    closing = ledger.closing(batch.id) if batch.needs_closing else None
    if closing:
        return _closed(batch, closing)
    canceling = ledger.canceled_at(batch.id) is not None
    failed = sum(not failure.retried for flow in batch.flows for _, failure in ledger.failures(batch.id, flow.lane))
    landed = count_landed(open_store(batch.output), batch)
    left = max(0, batch.size - failed - landed)
    return _progress(
        batch,
        waiting=0 if canceling else left,
        landed=landed,
        failed=failed,
        canceled=left if canceling else 0,
        canceling=canceling,
        done=canceling or not left,
    )


def _closed(batch: Batch, closing: Closing) -> Progress:
    return _progress(
        batch,
        landed=closing.landed,
        failed=closing.failed,
        canceled=closing.canceled,
        stored_bytes=closing.stored_bytes,
        records=closing.records,
        canceling=closing.outcome == "canceled",
        done=True,
    )


def _progress(
    batch: Batch,
    *,
    waiting: int = 0,
    landed: int,
    failed: int,
    canceled: int,
    stored_bytes: int = 0,
    records: int = 0,
    canceling: bool,
    done: bool,
) -> Progress:
    return Progress(
        size=batch.size,
        waiting=waiting,
        held=0,
        ready=0,
        landed=landed,
        failed=failed,
        canceled=canceled,
        stored_bytes=stored_bytes,
        records=records,
        known=False,
        canceling=canceling,
        done=done,
        lanes=(),
    )
