"""Gathers what is to be seen of a deployment as a whole: whether Redis takes writes, and who works."""

from contextlib import suppress
from datetime import UTC, datetime

from forebay.cli.deployment import Deployment
from forebay.cli.following.causes import Evidence
from forebay.cli.output import words
from forebay.governor.deployment.heartbeats import SENDING, Heartbeats
from forebay.scheduler.batches.budgets import is_used_up, taken
from forebay.store.errors import StoreError
from forebay.store.ledger.batch_policy import Policy


def evidence(
    deployment: Deployment, *, workers_missed: bool = True, batch: str = "BATCH", waits: Policy | None = None
) -> Evidence:
    """Reads it. Raises GovernorError and StoreError.

    `workers_missed=False`: nobody misses those of this machine while they start, or have nothing to do. `batch` is the
    one that `forebay watch` would take up, where workers are this machine's own. `waits` is the policy of one that
    may wait for its budget.
    """
    heartbeats = Heartbeats(deployment.redis)
    workers = tuple(heartbeats.workers())
    complaints = heartbeats.troubles()
    return Evidence(
        refuses_writes=deployment.refuses_writes(),
        workers=None if not workers and (not workers_missed or set(complaints) - {SENDING}) else workers,
        complaints=tuple((words.complainer(who), trouble) for who, trouble in complaints.items()),
        used_up=_used_up(deployment, waits),
        start_workers=f"go on with: forebay watch {batch}" if deployment.attached else Evidence().start_workers,
    )


def _used_up(deployment: Deployment, policy: Policy | None) -> tuple[tuple[str, int], ...]:
    if policy is None or policy.runs_per_day is None:
        return ()
    used = is_used_up(deployment.ledger.spent, policy, datetime.now(UTC))
    return ((policy.definition, policy.runs_per_day),) if used else ()


def used_up_budgets(deployment: Deployment) -> list[tuple[str, int]]:
    """Finds the definitions of the spec whose runs of today are taken: one LIST for each that has a budget.

    A ledger that does not answer tells nothing: whoever needs it says that it does not.
    """
    written = deployment.config.written
    if written is None:
        return []
    today, found = datetime.now(UTC).date(), []
    for name, definition in (*written.spec.extracts.items(), *written.spec.batches.items()):
        per_day = definition.budget.runs_per_day
        names = (name, *written.spec.former_names.get(name, ()))
        with suppress(StoreError):
            if per_day is not None and taken(deployment.ledger.spent, names, today) >= per_day:
                found.append((name, per_day))
    return found
