"""Reads one event of Stripe's, of which nothing is trusted but what it names: its id, type, object and context.

An event carries no state of its object (Stripe calls it thin), so whoever hears one has to look. Read by the sweep of
the events list, the webhooks' receiver and the queue's listener, each from parsed JSON.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from forebay.config.stripe import Api
from forebay.events.errors import NotAnEvent
from forebay.queryrun.wire import instant

#: Ids, types and contexts (`org_…/acct_…`) are of this form. What is not goes into no log and no key of Redis.
_NAME = re.compile(r"[\w./:-]{1,255}", re.ASCII)

#: Both generations of Stripe's API, and the report runs that share their slots. There is no `canceled` among their
#: types: a cancel may show as `updated` only.
_FAMILY_OF = {Api.REPORTING: "v2.data.reporting.query_run", Api.DATA: "v2.data.query_run"}
_FAMILIES = (*_FAMILY_OF.values(), "v2.data.report_run")


class EventKind(Enum):
    """What follows from an event."""

    ENDED = auto()  # the run ended: look at once
    UPDATED = auto()  # it may have ended: a cancel has no type of its own
    CREATED = auto()  # nothing: who sent the create knows
    LOST = auto()  # Stripe made no event of something: everything alive has to be looked at
    PING = auto()  # somebody tries out whether events arrive
    OTHER = auto()  # not about a QueryRun, or newer than this release


_KINDS = {
    **{f"{family}.succeeded": EventKind.ENDED for family in _FAMILIES},
    **{f"{family}.failed": EventKind.ENDED for family in _FAMILIES},
    **{f"{family}.updated": EventKind.UPDATED for family in _FAMILIES},
    **{f"{family}.created": EventKind.CREATED for family in _FAMILIES},
    "v2.core.health.event_generation_failure.resolved": EventKind.LOST,
    "v2.core.event_destination.ping": EventKind.PING,
}

#: The types that the events list is asked for, which takes twenty at most and no wildcard.
SWEPT_TYPES: tuple[str, ...] = tuple(
    name for name, kind in _KINDS.items() if kind in (EventKind.ENDED, EventKind.UPDATED, EventKind.LOST)
)


def types_to_send(apis: Collection[Api]) -> frozenset[str]:
    """Names what a destination has to send, so that ends of runs of these generations are told, or known to be lost."""
    families = tuple(f"{_FAMILY_OF[api]}." for api in apis)
    return frozenset(name for name in SWEPT_TYPES if name.startswith(families) or _KINDS[name] is EventKind.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeEvent:
    """One event: that something happened to an object, and not what."""

    id: str
    """Names the event, not the change: Stripe may make two of one change."""
    type: str
    created: datetime | None
    """By Stripe's clock, in UTC; None where it cannot be read. It is no order."""
    object_id: str | None
    """The object that it is about, of `related_object`: a QueryRun's id, mostly."""
    context: str | None
    """The account (`acct_…`) or the path within an organization that the object belongs to."""
    livemode: bool | None


def kind_of(event: StripeEvent) -> EventKind:
    """Says what follows from an event, by the exact name of its type."""
    return _KINDS.get(event.type, EventKind.OTHER)


def read_event(body: object) -> StripeEvent:
    """Reads an event from parsed JSON, as it is pushed or as it is listed.

    Only id and type have to be there: what else is missing or odd is None. Raises NotAnEvent.
    """
    if not isinstance(body, dict):
        raise NotAnEvent("it is no JSON object")
    event_id, event_type = _name(body.get("id")), _name(body.get("type"))
    if event_id is None or event_type is None:
        raise NotAnEvent("it has no id, or no type")
    related, livemode = body.get("related_object"), body.get("livemode")
    return StripeEvent(
        id=event_id,
        type=event_type,
        created=instant(body.get("created")),
        object_id=_name(related.get("id")) if isinstance(related, dict) else None,
        context=_name(body.get("context")),
        livemode=livemode if isinstance(livemode, bool) else None,
    )


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None
