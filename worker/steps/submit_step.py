"""Moves granted → running: POSTs the create under the run's idempotency key, and writes down which QueryRun it is.

A run of which only the result is fetched has its QueryRun already, and creates none.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from forebay.config.stripe import Mode
from forebay.config.write_mode import WriteMode
from forebay.governor.errors import LaneUnreconciled
from forebay.governor.states import Gate
from forebay.landing.errors import PlaceTaken
from forebay.landing.replacing import require_free
from forebay.landing.result_paths import place_stem
from forebay.queryrun.client import BOUNDS
from forebay.queryrun.deadline import within
from forebay.queryrun.errors import QueryRunError
from forebay.queryrun.idempotency import idempotency_key
from forebay.queryrun.models import QueryRun
from forebay.scheduler.batches.landed import landed_at_places
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import Batch, Item
from forebay.worker.steps.poll_step import observe
from forebay.worker.steps.react import react
from forebay.worker.steps.retry_rules import Reason, sends_no_more, unknown_for_ms
from forebay.worker.steps.turn import Turn

#: Why a run fails that is cut before anything is spent on it.
FORESEEN = "Its last windows came near to what Stripe gives a query, so it is cut before it runs."


#: Why a run fails whose creates were sent for long enough.
UNANSWERED = (
    "Stripe gave no answer to its create that could be read, whenever it was sent. Nobody knows whether it ran; "
    "by now it has ended. `forebay retry` sends it under the same key: it takes the result that is there, or else runs."
)


def submit(turn: Turn) -> None:
    """Creates the run's QueryRun, or finds the one that an earlier, unanswered create made."""
    if turn.custody.canceling and not _may_be_alive(turn):
        turn.cancel()
        return
    if turn.item.fetched:
        turn.take_up(turn.item.fetched.query_run)
        return
    if sends_no_more(turn.custody):
        _wait_it_out(turn)
        return
    if foregone := _foregone(turn):
        turn.fail(foregone)
        return
    try:
        created = _create(turn)
    except LaneUnreconciled as error:
        turn.defer(0, str(error))  # claimed again as soon as the lane is reconciled
        return
    except QueryRunError as error:
        react(turn, error)
        return
    if created is None:
        return
    wrong_mode = _wrong_mode(turn, created)
    if wrong_mode:
        turn.close_gate(Gate.AUTH, wrong_mode)
    else:
        turn.open_gates()
    if turn.bind(created) and created.ended:
        # A replayed key answers with the run as it is now.
        observe(turn, created)


def _foregone(turn: Turn) -> Reason | None:
    """Says why it would come to nothing, before anything is spent on it; None where that is not known."""
    if turn.item.parts:
        # At the wall without a run: the closing of its batch cuts it, as it would after one.
        return Reason(FailureClass.TOO_BIG, FORESEEN)
    batch = turn.batch
    # A create that may have been sent is settled first: its slot is held by what Stripe may run.
    if batch.write is WriteMode.FAIL_IF_EXISTS and turn.custody.since_sent_ms is None:
        try:
            store = turn.runtime.store(batch.output)
            for stem in _in_the_way(store, batch, turn.item):
                require_free(store, stem, batch.id)
        except PlaceTaken as error:
            return Reason(FailureClass.SINK, f"it was not asked: {error}")
        except StoreError:
            return None  # it is looked for again where it lands
    return None


def _in_the_way(store: Store, batch: Batch, item: Item) -> Iterator[str]:
    """Yields where a result may be that has rows of this one: at its place, or of all accounts, or of one of them."""
    yield place_stem(batch, item)
    if item.account is not None:
        yield place_stem(batch, replace(item, account=None))
    elif batch.policy and batch.policy.fan_out == "organization":
        yield from (stem for stem, manifest in landed_at_places(store, batch) if manifest.name == item.name)


def _may_be_alive(turn: Turn) -> bool:
    """Says of a canceled run whether its query may be at Stripe.

    A create that may have been sent is replayed all the same: only Stripe's answer tells whether a query runs and holds
    a slot; or Stripe's own limit, which ends whatever it was. But what a Redis that has forgotten nothing knew to be
    refused when the cancel was confirmed would be started by its replay.
    """
    if not unknown_for_ms(turn.custody):
        return False
    alive = turn.runtime.ledger.alive_at_cancel(turn.custody.flow, turn.lane)
    return alive is None or turn.custody.index in alive


def _wait_it_out(turn: Turn) -> None:
    """Holds the slot for as long as a query that nobody heard of may be alive at Stripe; then the run fails.

    Its key is that of its attempt, which a retry keeps: it finds the QueryRun, should there be one after all.
    """
    unknown_ms = unknown_for_ms(turn.custody)
    if unknown_ms:
        minutes = ceil(unknown_ms / 60_000)
        turn.defer(unknown_ms, f"Stripe never answered its create; in {minutes} min nothing of it can be running")
    else:
        turn.fail(Reason(FailureClass.PROVIDER, UNANSWERED))


def _create(turn: Turn) -> QueryRun | None:
    """POSTs the create; None if somebody else holds the run."""
    client, item, custody, api = turn.client, turn.item, turn.custody, turn.batch.api
    body = client.create_body(sql=item.sql, compress=True, api=api)
    # A shared run is created under the key of the one that came first: Stripe makes one QueryRun of the two.
    run = item.created_as(custody.run)
    key = idempotency_key(lane=turn.lane, run=run, attempt=custody.attempt, body=body)
    # From before the mark on: a process that slept between the two finds its time over, and sends nothing.
    with within(BOUNDS.whole_s):
        key_to_send = turn.mark_sent(key)
        if key_to_send is None:
            return None
        return client.create(sql=item.sql, compress=True, key=key_to_send, account=item.account, api=api)


def _wrong_mode(turn: Turn, created: QueryRun) -> str | None:
    """Tells why the lane must stop if the key is for the other mode: then its cap is not the one that we count.

    Only the reply tells, since an organization's key does not show its mode.
    """
    connection = turn.client.connection
    if created.livemode is None or created.livemode == (connection.mode is Mode.LIVE):
        return None
    actual = Mode.LIVE if created.livemode else Mode.TEST
    return f"the key of connection {connection.name} is for {actual} mode, but the connection says {connection.mode}"
