"""Lists the newest batches and how they stand: `forebay ls`."""

from typing import Annotated, Any

import typer
from rich.table import Table

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.causes import deployment_causes
from forebay.cli.following.evidence import evidence
from forebay.cli.output import closings, events, plain_text, words
from forebay.cli.output.cause import Cause
from forebay.config.settings import Settings
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.errors import BatchUnknown
from forebay.store.ledger.records import Batch

#: From so many columns on there is room for sizes, too.
WIDE_COLUMNS = 90


def ls(
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many, newest first.")] = 20,
    *,
    as_json: options.Json = False,
) -> int:
    """List batches, newest first."""
    with open_deployment(Settings()) as deployment:
        rows = [
            (batch, progress, _as_a_whole(deployment, batch, progress))
            for batch, progress in _recent(deployment, limit)
        ]
        found = _in_the_way(deployment, [progress for _, progress, _ in rows])
    if as_json:
        for batch, progress, as_a_whole in rows:
            whole_state = {"whole": as_a_whole} if as_a_whole else {}
            events.emit("batch", **_facts(batch, progress), **whole_state)
        events.tell_causes(found, as_json=True)
        events.result(Exit.OK, batches=len(rows))
    elif rows:
        events.tell_causes(found, as_json=False)
        console = plain_text.stdout()
        console.print(plain_text.whole(_table(rows, with_size=console.width >= WIDE_COLUMNS), console))
    else:
        plain_text.remark("no batches yet; `forebay run queries/*.sql` makes one")
    return Exit.OK


def _in_the_way(deployment: Deployment, rows: list[Progress]) -> list[Cause]:
    """Says why nothing of the batches moves that still could."""
    if all(progress.done for progress in rows):
        return []
    return [*deployment_causes(evidence(deployment))]


def _recent(deployment: Deployment, limit: int) -> list[tuple[Batch, Progress]]:
    rows = []
    for batch_id in RecentBatches(deployment.redis).newest(limit):
        try:
            batch = find_batch(deployment.ledger, batch_id)
        except BatchUnknown:
            continue  # accepted with another ledger
        rows.append((batch, deployment.reader.progress(batch)))
    return rows


def _as_a_whole(deployment: Deployment, batch: Batch, progress: Progress) -> str | None:
    """Says how its closer sees it. Asks the ledger, and only where there may be something."""
    if batch.policy is None or batch.policy.whole or not progress.known:
        return None
    closing = deployment.ledger.closing(batch.id) if progress.done else None
    stop = deployment.ledger.stop(batch.id) if progress.paused else None
    return closings.word(progress, closing, stop)


def state(progress: Progress) -> str:
    """Names a batch's state in a word."""
    if not progress.known:
        return "settled long ago"
    if progress.done:
        return "canceled" if progress.canceling else "done"
    if progress.canceling:
        return "canceling"
    return "paused" if progress.paused else "open"


def _facts(batch: Batch, progress: Progress) -> dict[str, Any]:
    return {
        "batch": batch.id,
        "state": state(progress),
        "created_at": batch.created_at.isoformat(),
        "connection": batch.connection,
        "output": batch.output,
        "runs": progress.size,
        "waiting": progress.waiting,
        "starting": progress.starting,
        "alive": progress.alive,
        "ready": progress.ready,
        "landed": progress.landed,
        "failed": progress.failed,
        "canceled": progress.canceled,
        "bytes": progress.stored_bytes,
    }


def _table(rows: list[tuple[Batch, Progress, str | None]], *, with_size: bool) -> Table:
    table = plain_text.table("batch", "state", collapse_padding=True)
    for name in ("runs", "queued", "alive", "landed", "failed", *(("size",) if with_size else ())):
        table.add_column(name, justify="right", no_wrap=True)
    for batch, progress, as_a_whole in rows:
        counts = (progress.size, progress.waiting, progress.held + progress.ready, progress.landed, progress.failed)
        size = (words.size(progress.stored_bytes),) if with_size else ()
        table.add_row(batch.id, as_a_whole or state(progress), *map(str, counts), *size)
    return table
