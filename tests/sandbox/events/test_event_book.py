"""The book of events: an order that late events do not break, and a bound."""

from datetime import UTC, datetime, timedelta

from forebay.sandbox.events.event_book import MOST_KEPT, SLACK, EventBook, EventFilter
from forebay.sandbox.events.thin_events import SandboxEvent
from forebay.sandbox.http.callers import Caller

CALLER = Caller(key_id="k", owner="acct_a", livemode=False, may_create=True)
START = datetime(2026, 1, 1, tzinfo=UTC)


def event(after_s: float) -> SandboxEvent:
    return SandboxEvent(
        type="v2.a.b", created_at=START + timedelta(seconds=after_s), owner="acct_a", livemode=False, subject=None
    )


def test_an_event_stands_by_its_date_whenever_it_came() -> None:
    book = EventBook()
    made = [event(after_s) for after_s in (3, 1, 2, 2)]
    for each in made:
        book.keep(each, seen_in_s=0)
    listed = [each.event for each in book.newest(CALLER, EventFilter(), 10)]
    assert listed == [made[0], made[3], made[2], made[1]]


def test_the_oldest_are_forgotten() -> None:
    book = EventBook()
    for number in range(MOST_KEPT + SLACK):
        book.keep(event(number), seen_in_s=0)
    assert len(book) == MOST_KEPT
    (oldest,) = book.oldest(CALLER, EventFilter(), 1)
    assert oldest.event.created_at == START + timedelta(seconds=SLACK)
    assert book.made["v2.a.b"] == MOST_KEPT + SLACK


def test_an_event_is_seen_from_its_moment_on() -> None:
    now_s = 0.0
    book = EventBook(clock=lambda: now_s)
    book.keep(event(0), seen_in_s=2)
    assert book.newest(CALLER, EventFilter(), 1) == []
    now_s = 2.0
    assert len(book.newest(CALLER, EventFilter(), 1)) == 1
