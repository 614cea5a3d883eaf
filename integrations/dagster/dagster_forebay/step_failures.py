"""Makes what the client raises a failure of a step, and says whether Dagster's retry policy may try again."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from dagster_forebay.forebay_resource import ForebayResource
from forebay_client import BatchFailed, ForebayError, ServiceFault, StillRunning

#: Classes of failures that the same SQL very likely meets again.
NEVER_HELPED = frozenset({"sql", "request", "too_big", "too_long"})
_CAUSES_SHOWN = 20


def failure_of(errors: Sequence[ForebayError], forebay: ForebayResource) -> dg.Failure:
    """Makes one failure of all that went wrong in a step; it may be retried if that may help any of them."""
    first = errors[0]
    metadata: dict[str, dg.MetadataValue] = {}
    if first.batch is not None:
        metadata["forebay/batch"] = dg.MetadataValue.text(first.batch.id)
        metadata["forebay/page"] = dg.MetadataValue.url(forebay.batch_page(first.batch.id))
    causes = [f"- {cause.error_class}, {cause.count}: {cause.message}" for error in errors for cause in error.failures]
    if causes:
        metadata["forebay/failures"] = dg.MetadataValue.md("\n".join(causes[:_CAUSES_SHOWN]))
    more = len(errors) - 1
    others = f" (and {more} more {'window' if more == 1 else 'windows'} did not land)" if more else ""
    return dg.Failure(
        description=f"{first}{others}",
        metadata=metadata,
        allow_retries=any(another_try_may_help(error) for error in errors),
    )


def another_try_may_help(error: ForebayError) -> bool:
    """Says so of a wait that was too short, of a service that was away, and of failures of which some are transient.

    A wrong query, a check that data failed, a key that Stripe refuses and a budget that is used up want a person.
    """
    if isinstance(error, BatchFailed):
        canceled = error.batch is not None and not error.batch.failed
        return not canceled and any(cause.error_class not in NEVER_HELPED for cause in error.failures)
    return isinstance(error, StillRunning | ServiceFault)
