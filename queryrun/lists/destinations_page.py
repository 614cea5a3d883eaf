"""Reads a page of Stripe's list of event destinations: whom it sends events to, and where the next page is.

Source: `GET /v2/core/event_destinations`. Asked by `doctor` alone. URLs of webhooks are not asked for: Stripe leaves
them out unless told to include them, and what stands in one may be a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forebay.queryrun.lists.list_page import read_list
from forebay.queryrun.wire import as_object, name, text

DESTINATIONS_PATH = "/v2/core/event_destinations"

#: Destinations that an account may have, webhook endpoints included. https://docs.stripe.com/event-destinations
MOST_DESTINATIONS = 16

_ENABLED = "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDestination:
    """One of them, as Stripe tells it."""

    name: str
    kind: str
    """webhook_endpoint, amazon_eventbridge, azure_event_grid, or what comes after them."""
    status: str
    disabled_reason: str
    """user, no_aws_event_source_exists, no_azure_partner_topic_exists, or what comes; empty where none is told."""
    enabled_events: frozenset[str]

    @property
    def enabled(self) -> bool:
        """Tells whether Stripe tries to deliver."""
        return self.status == _ENABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationsPage:
    """One page of the list."""

    destinations: Sequence[EventDestination]
    next_path: str | None


def read_destinations_page(body: bytes, *, api_base: str, request_id: str | None) -> DestinationsPage:
    """Reads a page. Raises ProviderError if it is none, or if the next one is said to be elsewhere."""
    listed, following = read_list(
        body, path=DESTINATIONS_PATH, what="event destinations", api_base=api_base, request_id=request_id
    )
    return DestinationsPage(destinations=[_destination(each) for each in listed], next_path=following)


def _destination(value: object) -> EventDestination:
    told = as_object(value)
    listed = told.get("enabled_events")
    enabled = listed if isinstance(listed, list) else []
    return EventDestination(
        name=text(told.get("name")) or name(told.get("id")) or "without a name",
        kind=name(told.get("type")),
        status=name(told.get("status")),
        disabled_reason=name(as_object(as_object(told.get("status_details")).get("disabled")).get("reason")),
        enabled_events=frozenset(each for each in enabled if isinstance(each, str)),
    )
