"""Gathers what is to be seen of a deployment as a whole: whether Redis takes writes, and who works."""

from collections.abc import Sequence
from datetime import UTC, datetime

from forebay.cli.deployment import Deployment
from forebay.cli.embedded.backlog import unfinished
from forebay.cli.following.causes import (
    Evidence,
    budget_cause,
    deployment_causes,
    lane_causes,
    retrying,
    troubles_of,
)
from forebay.cli.output import words
from forebay.cli.output.cause import Cause, CauseKind
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import SENDING, Heartbeats
from forebay.governor.seen import LaneView, UnreadableLane
from forebay.governor.view import View
from forebay.scheduler.batches.budgets import is_used_up
from forebay.store.ledger.batch_policy import Policy

#: Of so many runs of each step it is asked what they stumble over.
MOST_RUNS = 24


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
        put_off=tuple(ClosingQueue(deployment.redis).troubles().items()),
        start_workers=f"go on with: forebay watch {batch}" if deployment.attached else Evidence().start_workers,
    )


def standstill(deployment: Deployment, seen: Sequence[LaneView | UnreadableLane]) -> list[Cause]:
    """Lists why nothing moves, of any batch or of these lanes. Raises GovernorError and StoreError.

    Workers of this machine's own begin and end with what there is to do: they are missed while there is something.
    """
    missed = deployment.attached is None or unfinished(deployment.redis)
    found = [*deployment_causes(evidence(deployment, workers_missed=missed))] if seen else []
    found += [budget_cause(*used) for used in used_up_budgets(deployment)]
    return found + lanes_causes(deployment.reader.view, seen)


def lanes_causes(view: View, seen: Sequence[LaneView | UnreadableLane] | None = None) -> list[Cause]:
    """Lists what keeps lanes, or single runs of theirs, from getting on. Raises GovernorError."""
    found: list[Cause] = []
    for lane in view.each_lane() if seen is None else seen:
        if isinstance(lane, LaneView):
            found += lane_causes(lane, view.now_ms())
            found += retrying(troubles_of(view.under_way(lane.lane, MOST_RUNS)), of=lane.lane)
        else:
            found.append(Cause(kind=CauseKind.LANE_UNREADABLE, lane=lane.lane, message=f"{lane.lane}: {lane.error}"))
    return found


def _used_up(deployment: Deployment, policy: Policy | None) -> tuple[tuple[str, str], ...]:
    if policy is None or policy.split is None:
        return ()  # what was accepted has its runs; only the parts of one that is cut take more
    now = datetime.now(UTC)
    per_day = policy.runs_on(now.date())
    if per_day is None or not is_used_up(deployment.ledger.spent, policy, now):
        return ()
    return ((policy.definition, f"{words.runs(per_day)} a day"),)


def used_up_budgets(deployment: Deployment) -> list[tuple[str, str]]:
    """Finds the definitions of the spec that have nothing left to spend today: some LISTs for each with a budget."""
    if deployment.config.written is None:
        return []
    from forebay.cli.following.reached_budgets import reached_budgets  # all that definitions are made of

    return reached_budgets(deployment)
