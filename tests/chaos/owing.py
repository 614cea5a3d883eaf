"""Tells what is still owed: batches that are not at their end, and failures without a reason to stay."""

import redis

from forebay.governor.errors import GovernorError
from forebay.scheduler.batches.progress import Progress
from forebay.store.errors import StoreError
from tests.chaos.load import owed
from tests.chaos.stage import Stage
from tests.store.batch_ids import batch_ids


def unsettled(stage: Stage) -> list[str]:
    """Lists batches that are not at their end, and how they stand."""
    try:
        batches = [stage.ledger.batch(batch_id) for batch_id in batch_ids(stage.ledger)]
        progress = {batch.id: stage.reader.progress(batch) for batch in batches}
        closing = {batch.id for batch in batches if batch.policy and not stage.ledger.closing(batch.id)}
    except (GovernorError, StoreError, redis.RedisError) as error:
        return [f"unknown ({error})"]
    return [
        f"{batch}: {_said(now)}"
        for batch, now in progress.items()
        if batch in closing or not (now.done or _is_canceled(stage, batch, now))
    ]


def _is_canceled(stage: Stage, batch_id: str, progress: Progress) -> bool:
    """Says that Redis forgot a canceled batch: nothing of it is left to do, so nobody brings it back."""
    return not progress.known and stage.ledger.canceled_at(batch_id) is not None


def waiting(stage: Stage) -> int:
    """Counts queries of the load that no slot was given yet; what Redis does not know, or does not tell, waits."""
    count, canceled = 0, {each.id for each in [*stage.canceled]}
    for accepted in [*stage.accepted]:
        if accepted.id in canceled:
            continue
        batch = stage.ledger.batch(accepted.id)
        for flow in batch.flows:
            try:
                seen = stage.reader.view.flow(flow.lane, batch.id)
            except GovernorError:
                seen = None
            count += flow.size if seen is None else seen.waiting
    return count


def failed_without_reason(stage: Stage) -> list[str]:
    """Finds batches with runs that failed of something that is over."""
    found = []
    for batch_id in batch_ids(stage.ledger):
        batch = stage.ledger.batch(batch_id)
        if stage.ledger.canceled_at(batch_id) or not stage.reader.progress(batch).failed:
            continue
        failures = ((flow.lane, *each) for flow in batch.flows for each in stage.ledger.failures(batch_id, flow.lane))
        if any(
            owed(stage.ledger.item(batch_id, lane, index).sql).failure != failure.error_class
            for lane, index, failure in failures
        ):
            found.append(batch_id)
    return found


def _said(progress: Progress) -> str:
    if not progress.known:
        return "not known to Redis"
    names = ("waiting", "held", "ready", "landed", "failed", "canceled")
    return ", ".join(f"{getattr(progress, name)} {name}" for name in names if getattr(progress, name))
