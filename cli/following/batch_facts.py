"""Names what is known of a batch, with the fields that `--json` writes and the API answers."""

from typing import Any

from forebay.cli.following.batch_list import BatchStanding, ListedBatch
from forebay.cli.output import closings


def listed_facts(listed: ListedBatch) -> dict[str, Any]:
    """Names what a list says of a batch; of one that cannot be read, why."""
    own = {"batch": listed.id, "state": listed.state, "created_at": listed.accepted_at.isoformat()}
    if listed.standing is None:
        return {**own, "message": listed.trouble}
    batch, progress = listed.standing.batch, listed.standing.progress
    return {
        **own,
        "connection": batch.connection,
        "source": batch.source,
        "output": batch.output,
        **batch_counts(listed.standing),
        "bytes": progress.stored_bytes,
    }


def batch_facts(standing: BatchStanding) -> dict[str, Any]:
    """Names what concerns the batch as a whole: how it stands, why it stands still, how it ended."""
    progress = standing.progress
    return {
        "state": standing.state,
        "created_at": standing.batch.created_at.isoformat(),
        "paused": progress.paused.reason if progress.paused and not progress.done else None,
        "canary_out": progress.canary_out and not progress.done,
        **closings.facts(standing.closing),
    }


def batch_counts(standing: BatchStanding) -> dict[str, int]:
    """Counts a batch's runs by how they stand: of a closed one, its results, without what ties them out."""
    progress, ended = standing.progress, standing.closing or standing.progress
    return {
        "runs": progress.size,
        "waiting": progress.waiting,
        "starting": progress.starting,
        "alive": progress.alive,
        "ready": progress.ready,
        "landed": ended.landed,
        "failed": ended.failed,
        "canceled": ended.canceled,
    }
