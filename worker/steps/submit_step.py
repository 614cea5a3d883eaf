"""granted → running: POST the create under the run's idempotency key, and write down which QueryRun it is."""

import dataclasses

from forebay.config.stripe import Mode
from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.governor.looks import first_look_s
from forebay.governor.states import Gate, RunState
from forebay.queryrun.errors import QueryRunError
from forebay.queryrun.idempotency import idempotency_key
from forebay.queryrun.models import QueryRun
from forebay.store.failures import FailureClass
from forebay.worker.runtime import Runtime
from forebay.worker.steps.observe import observe
from forebay.worker.steps.reactions import AUTH_FIRST_MS, AUTH_LONGEST_MS, react
from forebay.worker.steps.settling import Reason, cancel, fail
from forebay.worker.steps.transfer import Subject

#: Why a run fails that is cut before anything is spent on it.
FORESEEN = "Its last windows came near to what Stripe gives a query, so it is cut before it runs."


def submit(rt: Runtime, governor: Governor, custody: Custody) -> None:
    """Creates the run's QueryRun, or finds the one that an earlier, unanswered create made."""
    # A create that may have been sent is replayed even for a canceled batch: only Stripe's answer tells
    # whether a query runs and holds a slot.
    if custody.canceling and not custody.key:
        cancel(governor, custody)
        return
    subject = Subject.of(rt, governor, custody)
    if subject.item.parts:
        # At the wall without a run: the closing of its batch cuts it, as it would after one.
        fail(rt, governor, custody, Reason(FailureClass.TOO_BIG, FORESEEN))
        return
    try:
        created = _create(rt, governor, custody, subject)
    except QueryRunError as error:
        react(rt, governor, custody, error, account=subject.account_of_its_own(governor.lane))
        return
    if created is None:
        return
    wrong_mode = _wrong_mode(rt, subject, created)
    if wrong_mode:
        governor.close_gate(Gate.AUTH, first_ms=AUTH_FIRST_MS, longest_ms=AUTH_LONGEST_MS, reason=wrong_mode)
    else:
        governor.open_gates(custody.closed_gates)
    look_s = first_look_s(custody.index, governor.outlook(subject.query))
    if governor.bind(custody, created.id, int(look_s * 1000)) and created.ended:
        # A replayed key answers with the run as it is now.
        bound = dataclasses.replace(custody, state=RunState.RUNNING, query_run=created.id)
        observe(rt, governor, bound, subject, created)


def _create(rt: Runtime, governor: Governor, custody: Custody, subject: Subject) -> QueryRun | None:
    client, item = rt.client(subject.batch.connection), subject.item
    body = client.create_body(sql=item.sql, compress=True)
    # A shared run is created under the key of the one that came first: Stripe makes one QueryRun of the two.
    key = idempotency_key(lane=governor.lane, run=item.share or custody.run, attempt=custody.attempt, body=body)
    key_to_send = governor.mark_sent(custody, key)
    if key_to_send is None:
        return None
    return client.create(sql=item.sql, compress=True, key=key_to_send, account=item.account)


def _wrong_mode(rt: Runtime, subject: Subject, created: QueryRun) -> str | None:
    """Why the lane must stop if the key is for the other mode: then its cap is not the one that we count.

    Only the reply tells, since an organization's key does not show its mode.
    """
    connection = rt.client(subject.batch.connection).connection
    if created.livemode is None or created.livemode == (connection.mode is Mode.LIVE):
        return None
    actual = Mode.LIVE if created.livemode else Mode.TEST
    return f"the key of connection {connection.name} is for {actual} mode, but the connection says {connection.mode}"
