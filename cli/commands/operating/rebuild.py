"""Brings every batch back into a Redis that lost its data, from the ledger and the manifests: `forebay rebuild`."""

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.config.settings import Settings
from forebay.scheduler.batches.rebuilding import Rebuild, Restored


def rebuild(*, as_json: options.Json = False) -> int:
    """Bring batches back that Redis has lost.

    What it knows is left alone; no query runs a second time.
    """
    with open_deployment(Settings()) as deployment:
        flows = waiting = 0
        for flow in Rebuild(deployment.ledger, deployment.redis, deployment.config, deployment.store).run():
            flows, waiting = flows + 1, waiting + (0 if flow.too_old else flow.waiting)
            _tell(flow, as_json=as_json)
        if waiting:
            deployment.start_work()
    if as_json:
        events.result(Exit.OK, flows=flows, waiting=waiting)
    elif not flows:
        plain_text.remark("nothing to bring back: Redis knows every batch of this ledger")
    return Exit.OK


def _tell(flow: Restored, *, as_json: bool) -> None:
    counts = {"runs": flow.size, "landed": flow.landed, "failed": flow.failed, "waiting": flow.waiting}
    if as_json:
        events.emit("restored", batch=flow.batch_id, lane=flow.lane, too_old=flow.too_old, **counts)
        return
    if flow.too_old:
        plain_text.say(
            f"{flow.batch_id}  {flow.lane}  left alone: too old to be taken up without running queries again"
        )
        return
    stand = f"{flow.landed} landed, {flow.failed} failed, {flow.waiting} to go on with"
    plain_text.say(f"{flow.batch_id}  {flow.lane}  {words.runs(flow.size)}: {stand}")
