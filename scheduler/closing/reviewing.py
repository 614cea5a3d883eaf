"""Lets people decide about results that a closing kept in quarantine: release them after review, or check them again.

Either makes the closing history, with what was decided in the same word of the ledger, and leaves the rest to the
closer: it closes the batch anew, by that. Dying between the two costs time only, since open batches are looked after.
"""

from collections.abc import Callable

from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.redis_client import Client
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.errors import NothingToReview
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing, Recheck, Release, Review
from forebay.store.ledger.records import Batch


class Reviewer:
    """Takes decisions about batches of one deployment. Its methods raise `BatchUnknown` and `NothingToReview`."""

    def __init__(self, ledger: Ledger, client: Client) -> None:
        self._ledger = ledger
        self._closing_queue = ClosingQueue(client)

    def reviewable(self, batch_id: str) -> tuple[Batch, Closing]:
        """Finds a closed batch of which something is in quarantine."""
        batch = find_batch(self._ledger, batch_id)
        policy, closing = batch.policy, self._ledger.closing(batch_id)
        if policy is None or policy.whole:
            raise NothingToReview(batch_id, "it is no batch of the spec, so nothing of it waits in quarantine")
        if closing is None:
            raise NothingToReview(batch_id, f"it is not closed (any more); forebay watch {batch_id} follows it")
        if not stays_in_quarantine(policy, closing):
            outcome = closing.outcome.replace("_", " ")
            raise NothingToReview(batch_id, f"nothing of it is in quarantine: its outcome is {outcome!r}")
        return batch, closing

    def release(self, batch_id: str, release: Release) -> None:
        """Has the results in quarantine published as they are."""
        self._review(batch_id, lambda review: review.model_copy(update={"released": release}))

    def check(self, batch_id: str, recheck: Recheck) -> None:
        """Has what landed checked again, and published if that comes out well."""
        self._review(batch_id, lambda review: review.model_copy(update={"rechecked": recheck}))

    def _review(self, batch_id: str, decide: Callable[[Review], Review]) -> None:
        self.reviewable(batch_id)
        if not self._ledger.review(batch_id, decide):
            raise NothingToReview(batch_id, "somebody else took it up at this moment")
        self._closing_queue.add(batch_id, AT_ONCE)


def stays_in_quarantine(policy: Policy, closing: Closing) -> bool:
    """Tells whether results of a closed batch are in quarantine."""
    if closing.in_quarantine is not None:
        return closing.in_quarantine > 0
    if not policy.quarantined or not closing.landed:
        return False
    # From before it was counted.
    return closing.outcome == "checks_failed" or (policy.publish == "all_or_nothing" and closing.outcome != "landed")
