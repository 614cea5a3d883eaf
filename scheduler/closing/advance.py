"""One look at a batch as a whole: what its counts demand is done, and it is said when to look again.

Called by the closer, under the batch's lock. Each act finds out by itself whether it was done before.
"""

import logging

from forebay.scheduler.batches.progress import Progress, Reader
from forebay.scheduler.closing import canary, stopping
from forebay.scheduler.closing.closing import close, tell_closed
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.records import Batch

log = logging.getLogger(__name__)

#: While the canary is out all others wait for this look.
CANARY_S = 1.0
#: Between looks at a batch that is going on; large ones cost more and change slower.
SHORTEST_S, LONGEST_S = 2.0, 15.0
#: Of one that stands still: whoever lets it go on, retries or cancels it makes it due at once.
PAUSED_S = 60.0
_RUNS_PER_S, _LANES_PER_S = 1_000, 4


def advance(means: ClosingServices, batch: Batch) -> float | None:
    """Does what can be done now. Seconds until the next look; None when nothing is left to do."""
    policy = batch.policy
    if policy is None:
        return None
    progress = Reader(means.ledger, means.redis).progress(batch)
    if not progress.known:
        # Redis lost it, or forgot it before it could be closed: `rebuild` brings it back.
        log.warning("Redis does not know a batch", extra={"event": "batch_unknown", "batch": batch.id})
        return LONGEST_S
    if progress.done:
        closing = means.ledger.closing(batch.id)
        if closing:
            tell_closed(means, batch, closing)
            return None
        return None if close(means, batch, policy, progress) else SHORTEST_S
    # Where a retry came between a closing and the look that should have seen it, that closing is none.
    means.ledger.reopen(batch.id)
    canary.decide(means, batch, progress)
    stopping.stop_after(means, batch, progress)
    return next_look_s(batch, progress)


def next_look_s(batch: Batch, progress: Progress) -> float:
    """Soon while others wait for it; else seldom enough for its size."""
    if progress.paused and not (progress.held or progress.ready):
        return PAUSED_S
    if progress.canary_out and not progress.paused:
        return CANARY_S
    return min(LONGEST_S, SHORTEST_S + progress.size / _RUNS_PER_S + len(batch.flows) / _LANES_PER_S)
