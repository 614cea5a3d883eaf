"""Sweeps the list of events, page by page: one request finds what many looks would.

What a sweep knows stands in Redis between two pages, so any process makes the next one, and each request has its share
of the budgets. It asks from the newest event on that it has seen, by Stripe's own clock, less an overlap, since a list
may show an event later than a newer one; now and then the overlap is larger. Nothing relies on the order of events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from forebay.events.errors import NotAnEvent
from forebay.events.stripe_event import SWEPT_TYPES, StripeEvent, read_event
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.lists.events_page import events_path

OVERLAP = timedelta(seconds=2)
#: Events that were later than the overlap are found by these; what is later still is found by a look.
DEEP_OVERLAP, DEEP_EVERY = timedelta(seconds=20), timedelta(seconds=20)
#: Pages of one sweep: a list that never ends is left there, and asked for anew.
MOST_PAGES = 20
#: Nobody waits for what happened longer ago, by our clock: where a lane was idle for days, others were not, and a list
#: whose first page is its oldest teaches a moment of long ago. More than clocks are apart.
REACH = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepState:
    """Where a sweep stands."""

    newest: datetime | None = None
    """The newest event of the sweeps before, by Stripe's clock."""
    deep: datetime | None = None
    """The newest event when the overlap was larger last."""
    seen: datetime | None = None
    """The newest event so far, of this sweep."""
    page: str | None = None
    """The path of its next page; None where the next sweep begins."""
    pages: int = 0
    """How many it has had."""

    def dump(self) -> str:
        """Writes it down for the next page."""
        return _SHAPE.dump_json(self).decode()

    def begun_anew(self) -> "SweepState":
        """Leaves the page that it was about to ask for: what was seen before stays seen."""
        return SweepState(newest=self.newest, deep=self.deep)

    @property
    def is_deep(self) -> bool:
        return self.newest is not None and (self.deep is None or self.newest - self.deep >= DEEP_EVERY)


_SHAPE = TypeAdapter(SweepState)


def sweep_state(text: str) -> SweepState:
    """Reads what `dump` wrote; a beginning, if it is nothing, or of another release."""
    try:
        return _SHAPE.validate_json(text or "{}")
    except ValidationError:
        return SweepState()


def next_page(
    client: QueryRunClient, account: str | None, state: SweepState, now: datetime
) -> tuple[list[StripeEvent], SweepState]:
    """Asks for the next page; gives its events, and where the sweep stands after it. Raises QueryRunError."""
    page = client.events(state.page or events_path(SWEPT_TYPES, _since(state, now)), account=account)
    events = _read(page.events)
    seen = max((moment for moment in (state.seen, *(event.created for event in events)) if moment), default=None)
    # The very first sweep learns Stripe's clock, and no more: what ended before it, looks have found.
    if page.next_path and state.newest and state.pages + 1 < MOST_PAGES:
        return events, replace(state, seen=seen, page=page.next_path, pages=state.pages + 1)
    newest = max((moment for moment in (state.newest, seen) if moment), default=None)
    return events, SweepState(newest=newest, deep=state.newest if state.is_deep else state.deep or newest)


def _since(state: SweepState, now: datetime) -> str | None:
    if state.newest is None:
        return None
    since = max(state.newest - (DEEP_OVERLAP if state.is_deep else OVERLAP), now - REACH)
    return since.isoformat().replace("+00:00", "Z")


def _read(bodies: Sequence[object]) -> list[StripeEvent]:
    events = []
    for body in bodies:
        try:
            events.append(read_event(body))
        except NotAnEvent:  # whatever it is, a look finds what it may have told
            continue
    return events
