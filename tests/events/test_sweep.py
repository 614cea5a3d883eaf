"""A sweep, page by page: what it asks for, and what it carries from one page to the next."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from forebay.config.connections import Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Mode
from forebay.events.sweep import (
    DEEP_EVERY,
    DEEP_OVERLAP,
    MOST_PAGES,
    OVERLAP,
    REACH,
    SweepState,
    next_page,
    sweep_state,
)
from forebay.queryrun.client import QueryRunClient

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Listing:
    """Stripe's list, with the pages that are given."""

    def __init__(self, *pages: tuple[Sequence[datetime], str | None]) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, list[str]]] = []
        secret = HeldSecret(origin="STRIPE_API_KEY", value=SecretStr("rk_test_secret"))
        connection = Connection(name="default", mode=Mode.TEST, secret=secret, cap=1)
        self.client = QueryRunClient(connection, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(parse_qs(urlsplit(str(request.url)).query))
        moments, next_page_url = self.pages.pop(0)
        events = [{"id": f"evt_{at.timestamp()}", "type": "t", "created": at.isoformat()} for at in moments]
        return httpx.Response(200, json={"data": events, "next_page_url": next_page_url})

    def since(self) -> datetime | None:
        """From when on the last page was asked for."""
        asked = self.asked[-1].get("created[gte]")
        return datetime.fromisoformat(asked[0]) if asked else None


def test_the_first_one_learns_stripes_clock_and_goes_back_no_further() -> None:
    listing = Listing(([NOON - timedelta(minutes=9), NOON], "/v2/core/events?page=2"))

    events, after = next_page(listing.client, None, SweepState(), NOON)

    assert len(events) == 2
    assert listing.since() is None
    assert (after.newest, after.page) == (NOON, None)


def test_the_next_one_asks_from_the_newest_event_on_less_an_overlap() -> None:
    listing = Listing(([NOON + timedelta(seconds=3)], None))

    _, after = next_page(listing.client, None, SweepState(newest=NOON, deep=NOON), NOON)

    assert listing.since() == NOON - OVERLAP
    assert after == SweepState(newest=NOON + timedelta(seconds=3), deep=NOON)


def test_where_nothing_is_new_the_moment_stays() -> None:
    listing = Listing(([], None))

    assert next_page(listing.client, None, SweepState(newest=NOON, deep=NOON), NOON)[1] == SweepState(
        newest=NOON, deep=NOON
    )


def test_now_and_then_it_asks_further_back() -> None:
    listing = Listing(([], None))

    _, after = next_page(listing.client, None, SweepState(newest=NOON, deep=NOON - DEEP_EVERY), NOON)

    assert listing.since() == NOON - DEEP_OVERLAP
    assert after == SweepState(newest=NOON, deep=NOON)


@pytest.mark.parametrize("newest", [NOON - timedelta(days=20), NOON - REACH])
def test_nobody_waits_for_what_happened_while_nothing_ran(newest: datetime) -> None:
    listing = Listing(([], None))

    next_page(listing.client, None, SweepState(newest=newest, deep=newest), NOON)

    assert listing.since() == NOON - REACH


@pytest.mark.parametrize("minutes", [-10, 10])
def test_stripes_clock_may_be_off_by_minutes(minutes: int) -> None:
    listing = Listing(([], None))
    theirs = NOON + timedelta(minutes=minutes)

    next_page(listing.client, None, SweepState(newest=theirs, deep=theirs), NOON)

    assert listing.since() == theirs - OVERLAP


def test_where_the_list_begins_with_its_oldest_the_newest_are_found_all_the_same() -> None:
    old, new = NOON - timedelta(days=29), NOON - timedelta(seconds=5)
    listing = Listing(([old], "/v2/core/events?page=2"), ([NOON - REACH], "/v2/core/events?page=2"), ([new], None))

    state = SweepState()
    for _ in range(3):
        events, state = next_page(listing.client, None, state, NOON)

    assert [event.created for event in events] == [new]
    assert state.newest == new


def test_begun_anew_it_knows_what_it_has_seen() -> None:
    state = SweepState(newest=NOON, deep=NOON, seen=NOON + timedelta(seconds=9), page="/v2/core/events?page=7", pages=3)

    assert state.begun_anew() == SweepState(newest=NOON, deep=NOON)


def test_pages_are_followed_and_the_newest_of_all_counts_whatever_their_order() -> None:
    later, latest = NOON + timedelta(seconds=1), NOON + timedelta(seconds=2)
    listing = Listing(([latest], "/v2/core/events?page=2"), ([later], None))

    events, middle = next_page(listing.client, None, SweepState(newest=NOON, deep=NOON), NOON)
    assert (middle.newest, middle.page, len(events)) == (NOON, "/v2/core/events?page=2", 1)
    _, after = next_page(listing.client, None, sweep_state(middle.dump()), NOON)

    assert listing.asked[1] == {"page": ["2"]}
    assert after == SweepState(newest=latest, deep=NOON)


def test_a_list_that_never_ends_is_left() -> None:
    listing = Listing(*[([NOON], "/v2/core/events?page=again")] * (MOST_PAGES + 5))
    state = SweepState(newest=NOON, deep=NOON)

    for _ in range(MOST_PAGES):
        _, state = next_page(listing.client, None, state, NOON)

    assert state == SweepState(newest=NOON, deep=NOON)


def test_events_that_are_none_are_passed_over() -> None:
    listing = Listing()
    broken = httpx.Response(200, json={"data": [None, 7, {}, {"id": "evt_1", "type": "t"}], "next_page_url": None})
    listing._answer = lambda request: broken  # type: ignore[method-assign]
    listing.client = QueryRunClient(listing.client.connection, transport=httpx.MockTransport(listing._answer))

    events, after = next_page(listing.client, None, SweepState(), NOON)

    assert [event.id for event in events] == ["evt_1"]
    assert after == SweepState()


def test_what_another_release_wrote_is_a_beginning() -> None:
    assert sweep_state('{"newest": [1]}') == sweep_state("") == sweep_state("garbage") == SweepState()
