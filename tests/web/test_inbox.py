"""What was answered with 2xx is heard, in its order, while the governor can hear; what cannot be is refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest

from forebay.events.stripe_event import StripeEvent
from forebay.web import inbox as module
from forebay.web.errors import NotTaken
from forebay.web.inbox import Inbox
from tests.servers.processes import wait_until
from tests.web.served import Ear


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_S", 0.01)
    monkeypatch.setattr(module, "_CHECK_S", 0.01)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def inbox(ear: Ear) -> Iterator[Inbox]:
    one = Inbox(ear.hear, ear.check, room=4)
    with one.open():
        yield one


def events(*names: str) -> list[StripeEvent]:
    return [StripeEvent(id=name, type="t", created=None, object_id=name, context=None, livemode=None) for name in names]


def refused(inbox: Inbox, *names: str) -> str:
    with pytest.raises(NotTaken) as refusal:
        inbox.put("acme", events(*names))
    return refusal.value.reason


def test_each_connection_hears_its_own_in_their_order(inbox: Inbox, ear: Ear) -> None:
    ear.attentive.clear()
    inbox.put("acme", events("a1"))
    wait_until(lambda: ear.calls, "the first to be handed on")
    inbox.put("play", events("p1"))
    inbox.put("acme", events("a2", "a3"))
    ear.attentive.set()

    wait_until(lambda: len(ear.heard) == 4, "all to be heard")
    assert [name for name in ear.ids if name.startswith("a")] == ["a1", "a2", "a3"]
    assert {(name, event.id) for name, event in ear.heard} >= {("play", "p1"), ("acme", "a3")}
    assert ear.calls == 3, "what waits for one connection is heard at once"


def test_no_more_is_taken_than_there_is_room_for(inbox: Inbox, ear: Ear) -> None:
    ear.attentive.clear()
    inbox.put("acme", events("1", "2", "3"))

    assert refused(inbox, "4", "5") == "full"
    inbox.put("acme", events("4"))
    assert refused(inbox, "5") == "full"
    assert inbox.trouble == "too many events wait"
    ear.attentive.set()
    wait_until(lambda: not inbox.trouble, "room")
    inbox.put("acme", events("5"))
    wait_until(lambda: ear.ids == ["1", "2", "3", "4", "5"], "all that was taken to be heard")


def test_while_redis_is_away_nothing_is_taken_and_what_was_is_heard_once_it_is_back(inbox: Inbox, ear: Ear) -> None:
    ear.away.set()
    ear.attentive.clear()
    inbox.put("acme", events("1"))
    ear.attentive.set()
    wait_until(lambda: inbox.trouble, "the trouble to be known")

    assert refused(inbox, "2") == "redis"
    ear.away.clear()
    wait_until(lambda: not inbox.trouble, "it to be over")
    inbox.put("acme", events("3"))
    wait_until(lambda: ear.ids == ["1", "3"], "both to be heard")


def test_that_redis_went_away_is_known_before_an_event_comes(inbox: Inbox, ear: Ear) -> None:
    ear.away.set()

    wait_until(lambda: inbox.trouble, "the trouble to be known")
    assert refused(inbox, "1") == "redis"
    assert (ear.calls, ear.heard) == (0, [])


def test_going_and_coming_back_is_told_once_each(inbox: Inbox, ear: Ear, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ear.away.set()
        checks = ear.checks
        wait_until(lambda: ear.checks > checks + 3, "it to be asked again and again")
        ear.away.clear()
        wait_until(lambda: not inbox.trouble, "it to be over")

    assert [record.message for record in caplog.records] == [
        "webhooks are answered 503: Redis is away",
        "webhooks are taken again",
    ]


def test_a_fault_of_ours_stops_nobody_after_it(caplog: pytest.LogCaptureFixture) -> None:
    heard = []

    def hear(_: str, events: Sequence[StripeEvent]) -> None:
        if events[0].id == "bad":
            raise ZeroDivisionError
        heard.extend(event.id for event in events)

    inbox = Inbox(hear, lambda: None)
    with inbox.open():
        inbox.put("acme", events("bad"))
        wait_until(lambda: caplog.records, "the fault to be told")
        inbox.put("acme", events("good"))
        wait_until(lambda: heard == ["good"], "the next one to be heard")

    assert not inbox.trouble
    assert "ZeroDivisionError" in caplog.text


def test_the_end_waits_for_what_was_taken(ear: Ear) -> None:
    inbox = Inbox(ear.hear, ear.check)
    with inbox.open():
        inbox.put("acme", events(*map(str, range(1_200))))

    assert ear.ids == [*map(str, range(1_200))]
    assert not inbox.alive


def test_the_end_does_not_wait_for_a_redis_that_is_away_and_says_what_is_lost(
    ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox(ear.hear, ear.check)
    ear.away.set()
    with inbox.open():
        inbox.put("acme", events("1", "2"))
        wait_until(lambda: ear.calls, "somebody to try")

    assert not inbox.alive
    assert "2 events were taken and are not heard" in caplog.text
