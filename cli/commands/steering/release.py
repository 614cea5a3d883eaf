"""Publishes results that wait in quarantine, once a person has looked at them and says why: `forebay release`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.commands.steering.check import close_again
from forebay.cli.deployment import open_deployment
from forebay.cli.output.console import Manner
from forebay.cli.user_name import user_name
from forebay.config.settings import Settings
from forebay.scheduler.closing.reviewing import Reviewer
from forebay.scheduler.errors import InputError
from forebay.store.ledger.outcomes import Release


def release(
    batch: options.BatchId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with your name beside the results.")],
    *,
    timeout: options.Timeout = None,
    manner: Manner,
) -> int:
    """Publish what is in quarantine as it is, after review.

    Results that failed a check, and those of a batch that is published whole or not at all. Who, why and when stand in
    the batch's `_batch.json`. What lands later is checked as ever. Runs nothing.
    """
    if not reason.strip():
        raise InputError("--reason is empty; say why these results are good in spite of their checks")
    decision = Release(at=datetime.now(UTC), by=user_name(), reason=reason.strip())
    with open_deployment(Settings()) as deployment:
        reviewer = Reviewer(deployment.ledger, deployment.redis)
        record, _ = reviewer.reviewable(batch)
        return close_again(deployment, record, lambda: reviewer.release(batch, decision), manner, timeout)
