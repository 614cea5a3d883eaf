"""Makes Redis what the ledger says, by hand: `forebay rebuild`.

Workers do the same for open batches all the time; this is for whoever does not want to wait for them, and for batches
that settled lately. However old the ledger is, it costs no more; `--all` goes through every batch, and marks those from
before there were marks by which they are found.
"""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.config.settings import Settings
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.runtime.one_ledger import LedgerElsewhere
from forebay.scheduler.batches.left_by_releases import sweep_left
from forebay.scheduler.batches.reconciling import Beyond, Reconciled
from forebay.scheduler.batches.restoring import Restored
from forebay.store.errors import NotFound, Refused, StoreError
from forebay.store.ledger.place import LedgerPlace

#: Of so many of the newest batches that Redis knows it is asked whether a moved ledger has them.
MOST_COMPARED = 200


def rebuild(
    *,
    every: Annotated[bool, options.flag("--all", "Go through every batch of the ledger, however old.")] = False,
    moved: Annotated[bool, options.flag("--moved", "The ledger was moved to where FOREBAY_LEDGER says.")] = False,
    as_json: options.Json = False,
) -> int:
    """Bring back into Redis what it has lost of the ledger.

    That is what has not settled, and what settled in the last 30 days, which a retry can take up. What Redis knows is
    left alone; no query runs a second time.
    """
    with open_deployment(Settings(), settled_place=not moved) as deployment:
        if moved:
            _move(deployment)
        reconciled = deployment.reconciler.all(beyond=Beyond.ALL if every else Beyond.SETTLED_LATELY)
        swept = _swept(deployment) if every else 0
        waiting = sum(flow.waiting for flow in reconciled.restored if not flow.too_old)
        if waiting:
            deployment.start_work()
    for flow in reconciled.restored:
        _tell(flow, as_json=as_json)
    exit_code = Exit.INTERNAL if reconciled.problems else Exit.OK
    if as_json:
        _emit(reconciled)
        events.result(
            exit_code, flows=len(reconciled.restored), waiting=waiting, adopted=reconciled.adopted, swept=swept
        )
    else:
        if swept:
            plain_text.say(f"{words.counted(swept, 'unfinished file')} of an older release removed")
        _tell_the_rest(reconciled)
    return exit_code


def _swept(deployment: Deployment) -> int:
    return sweep_left(deployment.ledger_store, deployment.ledger, deployment.store, datetime.now(UTC))


def _move(deployment: Deployment) -> None:
    """Makes Redis work for the ledger where it is now, and marks the old place so that nobody works on it."""
    lacking = [
        batch
        for batch, _ in islice(RecentBatches(deployment.redis).newest(), MOST_COMPARED)
        if _lacks(deployment, batch)
    ]
    if lacking:
        raise LedgerElsewhere(
            f"{deployment.ledger_store.url} lacks {words.counted(len(lacking), 'batch', 'batches')} that Redis knows, "
            f"such as {lacking[0]}: copy the old ledger again, whole, and then say that it was moved"
        )
    old = deployment.one_ledger.move()
    if old is None:
        plain_text.remark("Redis works for the ledger there already")
        return
    plain_text.remark(
        f"Redis works for {deployment.ledger_store.url} now; workers that point to {old} end by themselves"
    )
    try:
        LedgerPlace(deployment.store(old)).leave(deployment.ledger_store.url)
    except StoreError as error:
        plain_text.remark(
            f"nothing could be noted at {old} ({error}): remove what is there, or see to it that nobody uses it"
        )


def _lacks(deployment: Deployment, batch_id: str) -> bool:
    try:
        deployment.ledger.batch(batch_id)
    except NotFound:
        return True
    except Refused:
        pass  # it is there, and the reconciler tells that it cannot be read
    return False


def _emit(reconciled: Reconciled) -> None:
    for told in reconciled.enforced:
        events.emit("enforced", what=told)
    for name, problem in reconciled.problems.items():
        events.emit("problem", name=name, message=problem)


def _tell_the_rest(reconciled: Reconciled) -> None:
    for told in reconciled.enforced:
        plain_text.say(told)
    if reconciled.adopted:
        plain_text.say(
            f"{words.runs(reconciled.adopted)} may be alive at Stripe: each holds a slot until its replay tells"
        )
    for name, problem in reconciled.problems.items():
        plain_text.remark(f"{name}  left alone: {problem}")
    if not (reconciled.restored or reconciled.enforced or reconciled.problems):
        plain_text.remark("nothing to bring back: Redis knows all that it has to know of this ledger")


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
