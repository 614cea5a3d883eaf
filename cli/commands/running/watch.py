"""`forebay watch`: follow a batch that was submitted, left or stopped before."""

from forebay.cli import options
from forebay.cli.deployment import Deployment, deployment
from forebay.cli.errors import NotHere, PreflightFailed
from forebay.cli.following.endings import follow_to_end
from forebay.cli.output.console import Manner
from forebay.cli.submitting import preflight
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.batches.rebuilding import Rebuild
from forebay.store.records import Batch


def watch(batch: options.BatchId, *, timeout: options.Timeout = None, manner: Manner) -> int:
    """Follow a batch to its end. On the embedded default its work goes on, if it was stopped."""
    with deployment(Settings()) as here:
        found = find_batch(here.ledger, batch)
        restore(here, found, manner)
        resume(here, found)
        return follow_to_end(here, found, manner, timeout_s=timeout, tell_past=False)


def restore(here: Deployment, batch: Batch, manner: Manner) -> None:
    """Gets a batch that Redis lost back from the ledger; nothing of it runs a second time."""
    if here.reader.progress(batch).known or batch.connection not in here.config.connections:
        return
    manner.remark(f"Redis does not know batch {batch.id}; restoring it from the ledger")
    for flow in Rebuild(here.ledger, here.redis, here.config, here.store).restore(batch):
        if flow.too_old:
            raise NotHere(
                f"batch {batch.id} is older than Stripe keeps idempotency keys, and Redis no longer knows it: "
                f"its {flow.waiting} unsettled runs could only be run again; submit their queries anew"
            )
        manner.remark(f"{flow.lane}: {flow.landed} landed, {flow.failed} failed, {flow.waiting} waiting")


def resume(here: Deployment, batch: Batch) -> None:
    """Sees that somebody works on an unfinished batch. Raises `PreflightFailed` if Stripe refuses the key."""
    if here.reader.progress(batch).done:
        if batch.policy and here.ledger.closing(batch.id) is None:
            here.start_work()  # somebody has still to check, to publish and to tell
        return
    if batch.connection not in here.config.connections:
        if here.attached:
            here.config.connection(batch.connection)  # its workers would be ours: raises what is missing
        return  # a deployment whose key only its workers have
    account = here.ledger.item(batch.id, batch.flows[0].lane, 0).account
    row = preflight.key(here.config, batch.connection, account)
    if row.verdict is preflight.Verdict.FAILED:
        raise PreflightFailed(row.message, way_out=row.way_out, exit_code=row.exit_code, kind=row.kind)
    preflight.reopen_auth(here, [flow.lane for flow in batch.flows])
    here.start_work()
