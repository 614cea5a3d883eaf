"""Lets the first run go alone: where its text itself is wrong, the others are not sent to fail of the same.

Only classes that say something about the text hold them. One account without access, a result that is too big or a
fault of Stripe's say nothing about the other accounts.
"""

from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.closing.stopping import stop
from forebay.store.ledger.outcomes import Stop
from forebay.store.ledger.records import Batch


def decide(services: ClosingServices, batch: Batch, progress: Progress) -> None:
    """Lets the others go once the first has ended well, or of nothing that concerns them; else stops the batch."""
    if not progress.canary_out or progress.canceling:
        return
    earlier = services.ledger.stop(batch.id)
    if earlier and earlier.resumed:
        _release(services, batch)
        return
    lane = batch.flows[0].lane
    (state,) = View(services.redis).states(lane, batch.id, 0, 1)
    failure = services.ledger.failure(batch.id, lane, 0) if state is RunState.FAILED else None
    if failure and failure.error_class.is_deterministic:
        name = services.ledger.item(batch.id, lane, 0).name
        others = progress.size - 1
        reason = f"its canary {name!r} failed ({failure.error_class}), so the other {others} would too"
        stop(services, batch, Stop(at=services.now(), by="canary", reason=reason))
    elif state.settled or state is RunState.READY:
        # It may have landed at a second try, after it had stopped the batch.
        services.ledger.resume(batch.id)
        _release(services, batch)


def _release(services: ClosingServices, batch: Batch) -> None:
    for governor in services.governors(batch):
        governor.release(batch.id)
