"""Takes the events out of what carries them: nothing at all, EventBridge, SNS around either, CloudEvents.

Stripe pushes the same thin event by three ways; services between put it into envelopes of theirs:

    webhook       the event
    EventBridge   {"detail-type": …, "source": "aws.partner/stripe.com/ed_…", "detail": the event}
    SNS           {"Type": "Notification", "Message": "any of these, as text"}
    Event Grid    {"specversion": "1.0", "source": "/providers/stripe/ed_…", "data": the event}, or a list of such

Of an envelope nothing is read but what is in it: who may write into a queue may write any of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from forebay.config.read_json import read_json
from forebay.events.errors import NotAnEvent
from forebay.events.stripe_event import StripeEvent, read_event

#: SNS around a list around an envelope around an event, and one to spare.
_MOST_LAYERS = 4


def read_events(raw: bytes | str) -> tuple[StripeEvent, ...]:
    """Reads the events of one body or message, one at least. Raises NotAnEvent.

    In a list, what is no event is passed over, as an event of a type that nobody knows is: other services write lists.
    """
    try:
        body = read_json(raw)
    except ValueError:
        raise NotAnEvent("it is no JSON") from None
    return tuple(_events(body, _MOST_LAYERS))


def _events(body: object, layers: int) -> Iterator[StripeEvent]:
    if layers == 0:
        raise NotAnEvent("it is an envelope in too many others")
    match body:
        case list():
            yield from _of_list(body, layers - 1)
        case {"Type": "Notification", "Message": str(message)}:
            yield from _of_text(message, layers - 1)
        case {"Type": "SubscriptionConfirmation", "SubscribeURL": _}:
            raise NotAnEvent("SNS asks for a subscription to be confirmed, which its owner has to do")
        case {"detail-type": _, "detail": inner} | {"specversion": _, "data": inner}:
            yield from _events(inner, layers - 1)
        case _:
            yield read_event(body)


def _of_list(bodies: list[object], layers: int) -> Iterator[StripeEvent]:
    found = False
    for body in bodies:
        try:
            events = tuple(_events(body, layers))
        except NotAnEvent:
            continue
        yield from events
        found = True
    if not found:
        raise NotAnEvent("it is a list without an event")


def _of_text(message: str, layers: int) -> Iterator[StripeEvent]:
    try:
        body = read_json(message)
    except ValueError:
        raise NotAnEvent("SNS carries what is no JSON") from None
    yield from _events(body, layers)
