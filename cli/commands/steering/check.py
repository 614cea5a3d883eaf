"""Checks what landed of a closed batch once more, by what the spec says now: `forebay check`."""

from collections.abc import Callable
from datetime import UTC, datetime

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.following.resuming import restore
from forebay.cli.following.session import Session
from forebay.cli.output.console import Manner
from forebay.cli.user_name import user_name
from forebay.config.connections import Config
from forebay.config.settings import Settings
from forebay.scheduler.closing.reviewing import Reviewer
from forebay.scheduler.definitions.definition import find_definition
from forebay.scheduler.definitions.spec_to_policy import checks_of
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.outcomes import Recheck
from forebay.store.ledger.records import Batch


def check(batch: options.BatchId, *, timeout: options.Timeout = None, manner: Manner) -> int:
    """Check again what landed of a batch, by the checks of the spec now.

    What passes then is published; what fails stays in quarantine. By which checks stands in the batch's `_batch.json`.
    Runs nothing.
    """
    with open_deployment(Settings()) as deployment:
        reviewer = Reviewer(deployment.ledger, deployment.redis)
        record, _ = reviewer.reviewable(batch)
        assert record.policy  # noqa: S101 - what can be reviewed has one
        decision = recheck_of(deployment.config, record.policy)
        return close_again(deployment, record, lambda: reviewer.check(batch, decision), manner, timeout)


def recheck_of(config: Config, policy: Policy) -> Recheck:
    """Reads the checks of the spec of now. Raises `ConfigError` where it has the definition no more."""
    definition = find_definition(config, policy.kind, policy.definition)
    checks = policy.checks
    return Recheck(
        at=datetime.now(UTC),
        by=user_name(),
        spec_sha256=definition.written.sha256,
        checks=checks_of(
            definition.spec, types=bool(checks and checks.types), by_account=bool(checks and checks.accounts)
        ),
    )


def close_again(
    deployment: Deployment, batch: Batch, decide: Callable[[], None], manner: Manner, timeout: float | None
) -> int:
    """Decides, has the batch closed by that, and follows it until it is."""
    restore(deployment, batch, manner)
    decide()
    deployment.start_work()
    return Session(deployment, batch, manner, tell_past=False).follow(timeout)
