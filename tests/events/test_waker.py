"""From an event to a look: which lanes hear it, and what is heard twice."""

from datetime import UTC, datetime

import pytest

from forebay.events.stripe_event import StripeEvent
from forebay.events.waker import Heard, Waker
from forebay.governor.contract import EndPath
from forebay.governor.errors import RedisUnavailable
from forebay.governor.redis_client import Client, connect
from forebay.governor.states import Step
from tests.governor.driver import Lane
from tests.servers.valkey import free_port

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
FAMILY = "v2.data.reporting.query_run"


def event(
    query_run: str | None, what: str = "succeeded", *, event_id: str = "", context: str | None = None
) -> StripeEvent:
    return StripeEvent(
        id=event_id or f"evt_{query_run}_{what}",
        type=what if what.startswith("v2") else f"{FAMILY}.{what}",
        created=NOW,
        object_id=query_run,
        context=context,
        livemode=False,
    )


def running(lane: Lane, query_run: str) -> str:
    """Brings a run to `running`, with its next look in an hour."""
    lane.open(f"f-{query_run}", cap=9)
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.bind(custody, query_run, 3_600_000)
    return custody.run


def due(lane: Lane) -> list[str]:
    return [claimed.run for claimed in lane.claim(Step.POLL)]


def test_an_end_wakes_its_run_and_what_others_do_wakes_nothing(lane: Lane) -> None:
    run = running(lane, "qr_1")
    events = [event("qr_1"), event("qr_of_others"), event("qr_1", "created"), event("x", "v1.charge.succeeded")]

    heard = Waker(lane.client).heard("acme", events, path=EndPath.WEBHOOKS)

    assert heard == Heard(woken=1, unknown=1, other=2)
    assert due(lane) == [run]


def test_both_failures_and_changes_lead_to_a_look(lane: Lane) -> None:
    runs = [running(lane, "qr_1"), running(lane, "qr_2")]

    Waker(lane.client).heard("acme", [event("qr_1", "failed"), event("qr_2", "updated")], path=EndPath.EVENTS)

    assert sorted(due(lane)) == runs


def test_an_end_is_heard_once_however_often_it_is_told(lane: Lane) -> None:
    running(lane, "qr_1")
    waker = Waker(lane.client)

    first = waker.heard("acme", [event("qr_1"), event("qr_1", event_id="evt_twin")], path=EndPath.WEBHOOKS)
    again = waker.heard("acme", [event("qr_1", event_id="evt_another")], path=EndPath.EVENTS)

    assert (first, again) == (Heard(woken=1, repeated=1), Heard(repeated=1))


def test_a_change_that_comes_after_another_is_heard(lane: Lane) -> None:
    running(lane, "qr_1")
    waker = Waker(lane.client)

    for number in range(2):
        heard = waker.heard("acme", [event("qr_1", "updated", event_id=f"evt_{number}")], path=EndPath.EVENTS)
        assert heard.woken == 1


def test_lanes_of_other_connections_hear_nothing(lane: Lane) -> None:
    run = running(lane, "qr_1")
    other = Lane(lane.client, "acme2:live")
    running(other, "qr_1")

    assert Waker(lane.client).heard("acme", [event("qr_1")], path=EndPath.EVENTS).woken == 1

    assert (due(lane), due(other)) == ([run], [])


def test_where_accounts_have_lanes_that_of_the_account_hears_it(lane: Lane) -> None:
    one, two = Lane(lane.client, "shop:live:acct_1"), Lane(lane.client, "shop:live:org_9.acct_2")
    runs = [running(one, "qr_1"), running(two, "qr_1")]
    waker = Waker(lane.client)

    assert waker.heard("shop", [event("qr_1", context="org_9/acct_2")], path=EndPath.WEBHOOKS).woken == 1

    assert (due(one), due(two)) == ([], [runs[1]])


def test_when_stripe_lost_events_everything_of_the_connection_is_looked_at(lane: Lane) -> None:
    runs = [running(lane, "qr_1"), running(lane, "qr_2")]
    lost = event(None, "v2.core.health.event_generation_failure.resolved", event_id="evt_lost")

    heard = Waker(lane.client).heard("acme", [lost], path=EndPath.WEBHOOKS)

    assert heard == Heard(other=1)
    assert sorted(due(lane)) == runs


def test_when_stripe_lost_events_of_an_account_only_its_runs_are_looked_at(lane: Lane) -> None:
    one, two = Lane(lane.client, "shop:live:acct_1"), Lane(lane.client, "shop:live:acct_2")
    runs = [running(one, "qr_1"), running(two, "qr_2")]
    lost = event(None, "v2.core.health.event_generation_failure.resolved", context="acct_2")

    Waker(lane.client).heard("shop", [lost], path=EndPath.WEBHOOKS)

    assert (due(one), due(two)) == ([], [runs[1]])


def test_two_thousand_events_in_a_page_are_heard(lane: Lane) -> None:
    run = running(lane, "qr_1")
    page = [*(event(f"qr_of_others_{each}") for each in range(2_000)), event("qr_1")]

    heard = Waker(lane.client).heard("acme", page, path=EndPath.EVENTS)

    assert (heard.woken, heard.unknown) == (1, 2_000)
    assert due(lane) == [run]


def test_events_that_redis_did_not_hear_of_are_heard_again(lane: Lane) -> None:
    run = running(lane, "qr_1")
    waker = Waker(lane.client)
    nobody: Client = connect(f"redis://127.0.0.1:{free_port()}/0")

    waker._client, there = nobody, waker._client
    with pytest.raises(RedisUnavailable):
        waker.heard("acme", [event("qr_1")], path=EndPath.WEBHOOKS)
    waker._client = there

    assert waker.heard("acme", [event("qr_1")], path=EndPath.WEBHOOKS).woken == 1
    assert due(lane) == [run]
