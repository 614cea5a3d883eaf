"""Does what the counts of a batch as a whole demand, and says when to come back to it.

Called by the closer, under the batch's lock. Each act finds out by itself whether it was done before.
"""

import logging

from forebay.scheduler.batches.progress import Progress, Reader
from forebay.scheduler.closing import canary, stopping
from forebay.scheduler.closing.closing import close, tell_closed
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.ledger.records import Batch

log = logging.getLogger(__name__)

#: While the canary is out all others wait for us.
CANARY_S = 1.0
#: Between visits to a batch that is going on; large ones cost more and change slower.
SHORTEST_S, LONGEST_S = 2.0, 15.0
#: Of one that stands still: whoever lets it go on, retries or cancels it makes it due at once.
PAUSED_S = 60.0
_RUNS_PER_S, _LANES_PER_S = 1_000, 4


def advance(services: ClosingServices, batch: Batch) -> float | None:
    """Does what can be done now; returns the seconds until the next visit, None when nothing is left to do."""
    policy = batch.policy
    if policy is None:
        return None
    progress = Reader(services.ledger, services.redis).progress(batch)
    if not progress.known:
        # Redis lost it, or forgot it before it could be closed: the reconciler brings it back.
        log.warning("Redis does not know a batch", extra={"event": "batch_unknown", "batch": batch.id})
        return LONGEST_S
    if progress.done:
        closing = services.ledger.closing(batch.id)
        if closing:
            tell_closed(services, batch, closing)
            return None
        return None if close(services, batch, policy) else SHORTEST_S
    # Where a retry came between a closing and the visit that should have seen it, that closing is none.
    services.ledger.reopen(batch.id)
    canary.decide(services, batch, progress)
    stopping.stop_after(services, batch, progress)
    return next_visit_s(batch, progress)


def next_visit_s(batch: Batch, progress: Progress) -> float:
    """Says when: soon while others wait for it; else seldom enough for its size."""
    if progress.paused and not (progress.held or progress.ready):
        return PAUSED_S
    if progress.canary_out and not progress.paused:
        return CANARY_S
    return min(LONGEST_S, SHORTEST_S + progress.size / _RUNS_PER_S + len(batch.flows) / _LANES_PER_S)
