"""Pauses a batch because of how its runs end, and says so: in the ledger, wherever it is shown, and to people."""

from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.closing.cut_runs import standing_failures
from forebay.scheduler.closing.messages import of_stop
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.closing.telling import tell_once
from forebay.store.ledger.outcomes import Stop
from forebay.store.ledger.records import Batch


def stop_after(services: ClosingServices, batch: Batch, progress: Progress) -> None:
    """Pauses a batch of which too large a share failed, while something of it is still to be spared."""
    share = batch.policy.stop_after if batch.policy else None
    if share is None or progress.canceling or not progress.waiting:
        return
    if not progress.failed or progress.failed < share * progress.size:
        return
    failed = progress.failed - _to_be_cut(services, batch)
    if failed and failed >= share * progress.size:
        reason = f"{failed} of {progress.size} runs failed, and stop_after is {share:.3g} of them"
        stop(services, batch, Stop(at=services.now(), by="stop_after", reason=reason))


def _to_be_cut(services: ClosingServices, batch: Batch) -> int:
    """Counts runs that go on in parts, or will, once all has settled."""
    if services.split is None or batch.policy is None or batch.policy.split is None:
        return 0
    return sum(failure.error_class.is_wall for _, _, failure in standing_failures(services, batch))


def stop(services: ClosingServices, batch: Batch, wanted: Stop) -> None:
    """Pauses it, unless a person let it go on after an earlier stop. A repeat completes what a crash left undone."""
    kept = services.ledger.stop(batch.id)
    if kept is None:
        services.ledger.record_stop(batch.id, wanted)
        kept = services.ledger.stop(batch.id) or wanted
    if kept.resumed:
        return
    for governor in services.governors(batch):
        governor.pause(kept.reason, batch.id)
    tell_once(services, batch, "stopped", of_stop(batch, kept), kind="failed")
