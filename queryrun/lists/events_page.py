"""Reads a page of Stripe's list of events: what is in it, and where the next one is.

Source: `GET /v2/core/events`. Where it goes on: `list_page.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from forebay.queryrun.lists.list_page import read_list

EVENTS_PATH = "/v2/core/events"

#: Events of a page. Stripe documents no most; others send 100.
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPage:
    """One page of the list, in an order that nobody promises."""

    events: Sequence[object]
    """Parsed JSON, which `events/stripe_event.py` reads."""
    next_path: str | None


def events_path(types: Sequence[str], since: str | None) -> str:
    """Says where the first page of events of these types is, from a moment of Stripe's clock on (RFC 3339)."""
    query = {f"types[{at}]": name for at, name in enumerate(types)}
    if since:
        query["created[gte]"] = since
    return f"{EVENTS_PATH}?{urlencode({**query, 'limit': PAGE})}"


def read_events_page(body: bytes, *, api_base: str, request_id: str | None) -> EventsPage:
    """Reads a page. Raises ProviderError if it is none, or if the next one is said to be elsewhere."""
    events, following = read_list(body, path=EVENTS_PATH, what="events", api_base=api_base, request_id=request_id)
    return EventsPage(events=events, next_path=following)
