"""Makes what the client raises a failure of a step, and says whether Dagster's retry policy may try again."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from dagster_forebay.forebay_resource import ForebayResource
from forebay_client import ForebayError

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
        allow_retries=any(error.another_try_may_help for error in errors),
    )
