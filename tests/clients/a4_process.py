"""Does what it is told with Stripe's client, in the environment that `make clients` sets up: a line is a request.

It judges nothing. A request is `{"do": …}` and what that function below takes; its answer, one line too, is what that
returns as `answer`, or what the client raised as `raised`. `tests/clients/a4.py` starts it.
"""

import json
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import stripe
from stripe.events import _event_classes

from tests.clients.sdk_types import described


def types_of_events() -> list[str]:
    """Lists the types of events for which the client has a class."""
    return sorted(_event_classes._V2_EVENT_NOTIFICATION_CLASS_LOOKUP)


def api_version() -> str:
    """Says which Stripe-Version it sends."""
    return stripe.api_version


def call(url: str, key: str, options: dict[str, Any], method: str, arguments: list[Any]) -> Any:
    """Calls a method of the client, named as in `v2.data.query_runs.create`. A list is followed over all its pages."""
    answer = attrgetter(method)(_client(url, key, options))(*arguments)
    if hasattr(answer, "auto_paging_iter"):
        return [_shown(each) for each in answer.auto_paging_iter()]
    return _shown(answer)


def notification(
    url: str, key: str, body: str, signature: str | None, secret: str | None, tolerance: int, fetch: bool
) -> dict[str, Any]:
    """Reads a webhook's body, or what a queue holds where `secret` is None; and fetches what it tells of."""
    client = _client(url, key, {})
    if secret is None:
        told: Any = client.parse_event_notification_without_verification(body)
    else:
        told = client.parse_event_notification(body, signature, secret, tolerance)
    plain = ("id", "object", "type", "created", "livemode")
    shown = {
        "class": type(told).__name__,
        **{name: getattr(told, name) for name in plain},
        "context": None if told.context is None else str(told.context),
        "reason": told.reason and {"type": told.reason.type, "request": vars(told.reason.request)},
        "related_object": getattr(told, "related_object", None) and vars(told.related_object),
    }
    if fetch:
        shown["event"], shown["fetched"] = _shown(told.fetch_event()), _shown(told.fetch_related_object())
    return shown


def signature(body: str, secret: str, at_s: int) -> str:
    """Signs a body as Stripe does."""
    return stripe.WebhookSignature.generate_signature_header(body, secret, at_s)


DOES: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (described, types_of_events, api_version, call, notification, signature)
}


def _client(url: str, key: str, options: dict[str, Any]) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, **options)


def _shown(thing: stripe.StripeObject) -> dict[str, Any]:
    return {"class": f"{type(thing).__module__}.{type(thing).__qualname__}", "fields": thing.to_dict()}


def _raised(exc: Exception) -> dict[str, Any]:
    told = ("code", "http_status", "json_body", "request_id")
    headers = dict(getattr(exc, "headers", None) or {})
    return {
        "class": type(exc).__name__,
        "message": str(exc),
        "headers": {name.lower(): value for name, value in headers.items()},
        **{name: getattr(exc, name, None) for name in told},
    }


def main() -> None:
    """Answers until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed is no answer
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": DOES[request.pop("do")](**request)}
        except Exception as exc:  # noqa: BLE001 - the test judges it, whatever it is
            answer = {"raised": _raised(exc)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
