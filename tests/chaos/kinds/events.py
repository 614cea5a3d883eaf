"""Strikes at what Stripe tells by itself: events that are late, missing, twice, refused, in pages without an end."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.chaos.kinds.kind import Kind, Strikes
from tests.chaos.stage import Stage

#: Long enough for several sweeps of the list, and for what they have shown to be trusted or not.
LONG = (4.0, 10.0)


def _fault(name: str, share: float = 1, **more: Any) -> Strikes:
    def strike(stage: Stage, dice: random.Random) -> AbstractContextManager[None]:
        return stage.stripe.breaking({"name": name, "probability": share, **more})

    return strike


def _list(**settings: Any) -> Strikes:
    """Has the list answer in another way."""

    @contextmanager
    def strike(stage: Stage, dice: random.Random) -> Iterator[None]:
        with stage.stripe.set(**settings):
            yield

    return strike


def _refused(status: int) -> Strikes:
    return _fault("server_error", operation="list_events", status=status)


def _kind(name: str, does: str, strike: Strikes, *, quick: bool = False) -> Kind:
    return Kind(name=name, subject="events", does=does, lasts_s=LONG, strike=strike, quick=quick)


KINDS = [
    _kind("events missing", "half of all events are never made", _fault("event_missing", 0.5), quick=True),
    _kind("events late", "half of all events come 15 s later", _fault("event_late", 0.5, delay_s=15)),
    _kind("events doubled", "events come twice with one id", _fault("event_doubled", 0.5)),
    _kind("events with a twin", "one change makes two events", _fault("event_twin", 0.5)),
    _kind("ends told as updates", "no event says that a run ended", _fault("event_as_updated")),
    _kind("events without an object", "nobody can tell which run is meant", _fault("event_without_object", 0.5)),
    _kind("events empty", "the list has no event, whatever happens", _list(events="empty")),
    _kind("events refused", "403 to who lists events", _list(events="forbidden")),
    _kind("events unknown", "404 to who lists events", _list(events="missing")),
    _kind("events fail", "the list answers 500", _refused(500)),
    _kind("events drip", "pages of events come a byte a second", _fault("drip", 0.5, operation="list_events")),
    _kind("events shuffled", "pages are in no order", _fault("page_shuffled")),
    _kind("pages without end", "the last page leads to the first", _fault("page_endless")),
    _kind("pages elsewhere", "the next page is on another host", _fault("page_elsewhere")),
    _kind("pages huge", "a page holds two thousand events", _fault("page_huge")),
    *(
        _kind(
            f"events {minutes:+d} minutes",
            "events are dated by a clock that is off",
            _list(event_clock_offset_s=60 * minutes),
        )
        for minutes in (-10, 10)
    ),
]
