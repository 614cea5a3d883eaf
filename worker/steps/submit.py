"""granted → running: POST the create under the run's idempotency key, and write down which QueryRun it is."""

import dataclasses

from governor.governor import Custody, Governor
from governor.states import RunState
from queryrun.errors import QueryRunError
from queryrun.idempotency import idempotency_key
from queryrun.models import QueryRun
from worker.runtime import Runtime
from worker.steps.observe import observe
from worker.steps.reactions import react
from worker.steps.settling import cancel
from worker.steps.timing import FIRST_LOOK_MS


def submit(rt: Runtime, governor: Governor, custody: Custody) -> None:
    """Creates the run's QueryRun, or finds the one that an earlier, unanswered create made."""
    # A create that may have been sent is replayed even for a canceled batch: only Stripe's answer tells
    # whether a query runs and holds a slot.
    if custody.canceling and not custody.key:
        cancel(governor, custody)
        return
    try:
        created = _create(rt, governor, custody)
    except QueryRunError as error:
        react(rt, governor, custody, error)
        return
    if created is None:
        return
    governor.open_gates(custody.closed_gates)
    if governor.bind(custody, created.id, FIRST_LOOK_MS) and created.ended:
        # A replayed key answers with the run as it is now.
        bound = dataclasses.replace(custody, state=RunState.RUNNING, query_run=created.id)
        observe(rt, governor, bound, created)


def _create(rt: Runtime, governor: Governor, custody: Custody) -> QueryRun | None:
    batch = rt.ledger.batch(custody.flow)
    item = rt.ledger.item(custody.flow, governor.lane, custody.index)
    client = rt.client(batch.connection)
    body = client.create_body(sql=item.sql, compress=True)
    key = idempotency_key(lane=governor.lane, run=custody.run, attempt=custody.attempt, body=body)
    key_to_send = governor.mark_sent(custody, key)
    if key_to_send is None:
        return None
    return client.create(sql=item.sql, compress=True, key=key_to_send, account=item.account)
