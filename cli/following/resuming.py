"""Takes a batch up again that was left, stopped or lost: `watch` and `retry` begin with it."""

from forebay.cli.deployment import Deployment
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text
from forebay.cli.output.console import Manner
from forebay.cli.submitting import preflight
from forebay.cli.submitting.checks.check_result import CheckVerdict
from forebay.cli.submitting.checks.key_check import key as check_key
from forebay.cli.submitting.checks.redis_checks import lane as check_lane
from forebay.store.ledger.records import Batch


def restore(deployment: Deployment, batch: Batch, manner: Manner) -> None:
    """Gets a batch that Redis lost back from the ledger; nothing of it runs a second time."""
    if deployment.reader.progress(batch).known or batch.connection not in deployment.config.connections:
        return
    manner.remark(f"Redis does not know batch {batch.id}; restoring it from the ledger")
    for flow in deployment.reconciler.bring_back(batch):
        if flow.too_old:
            raise NotHere(
                f"batch {batch.id} is older than Stripe keeps idempotency keys, and Redis no longer knows it: "
                f"its {flow.waiting} unsettled runs could only be run again; submit their queries anew"
            )
        manner.remark(f"{flow.lane}: {flow.landed} landed, {flow.failed} failed, {flow.waiting} waiting")


def resume(deployment: Deployment, batch: Batch) -> None:
    """Sees to it that somebody works on an unfinished batch. Raises `PreflightFailed` if Stripe refuses the key."""
    if deployment.reader.progress(batch).done:
        if batch.needs_closing and deployment.ledger.closing(batch.id) is None:
            deployment.start_work()  # somebody has still to check, to publish and to tell
        return
    if batch.connection not in deployment.config.connections:
        if deployment.attached:
            deployment.config.connection(batch.connection)  # its workers would be ours: raises what is missing
        return  # a deployment whose key only its workers have
    account = deployment.ledger.item(batch.id, batch.flows[0].lane, 0).account
    key = check_key(deployment.config, batch.connection, account)
    if key.verdict is CheckVerdict.FAILED:
        raise key.error()
    lane = check_lane(deployment, batch.connection)
    if lane.verdict is CheckVerdict.FAILED:
        raise lane.error()
    preflight.reopen_auth(deployment, [flow.lane for flow in batch.flows])
    deployment.start_work()


def why_over(deployment: Deployment, batch: Batch) -> str:
    """Says why nobody can steer a batch any more; nothing, if somebody can. One that Redis lost is brought back."""
    progress = deployment.reader.progress(batch)
    if not progress.known:
        restore(deployment, batch, Manner())
        progress = deployment.reader.progress(batch)
    if progress.canceling or deployment.ledger.canceled_at(batch.id):
        return "was canceled"
    return "has settled" if progress.done else ""


def tell_nothing(act: str, batch_id: str, why: str, *, as_json: bool) -> Exit:
    """Says that there is nothing to steer, which is no mistake."""
    if as_json:
        events.result(Exit.OK, batch=batch_id, changed=False, reason=why)
    else:
        plain_text.say(f"nothing to {act}: batch {batch_id} {why}")
    return Exit.OK
