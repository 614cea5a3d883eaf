"""Takes the webhooks of one connection: read within bounds, verified, parsed, handed to the inbox, answered.

Nothing is trusted of a body but which events it names, and even of those no more than that a look may be worth it. Who
sends what, and which answer makes Stripe do what: docs/events.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from forebay.config.connections import Connection
from forebay.config.errors import SecretError
from forebay.events.envelopes import read_events
from forebay.events.errors import BadSignature, NotAnEvent
from forebay.events.refusals import Refusals
from forebay.events.signature import verify
from forebay.events.stripe_event import EventKind, StripeEvent, kind_of
from forebay.web.bounded_body import read_within
from forebay.web.errors import NotBelieved, NotTaken, TooLong, WebhookRefused, WebhookTooLong, WebhookTooSlow
from forebay.web.inbox import Inbox

log = logging.getLogger(__name__)

#: A thin event has some 500 bytes, and one that an endpoint gets whole by mistake some thousands.
MOST_BODY_BYTES = 256 * 1024
#: For all of a body; Stripe sends it in one piece.
BODY_S = 10.0
#: A secret that is rolled in its file is known so soon; Stripe signs with both for hours, and a forgery reads no file.
_SECRETS_S = 10.0

#: What nobody waits for: a merchant's endpoint may be sent every charge of the account.
_PASSED_OVER = {EventKind.PING, EventKind.OTHER}


class Webhook:
    """One connection's endpoint, in the event loop."""

    def __init__(
        self,
        connection: Connection,
        inbox: Inbox,
        refusals: Refusals,
        *,
        now_s: Callable[[], float],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._inbox = inbox
        self._refusals = refusals
        self._now_s = now_s
        self._monotonic_s = monotonic_s
        self._secrets: tuple[SecretStr, ...] = ()
        self._read_at_s = -_SECRETS_S

    async def receive(self, request: Request) -> Response:
        """Answers one request. The words of a refusal are shown by Stripe's Dashboard."""
        try:
            self._take(await _read_body(request), request.headers.getlist("stripe-signature"))
        except WebhookRefused as refusal:
            self._refusals.add(self._connection.name, refusal.reason)
            # Closed, since some of the body may not have come yet, and is not waited for.
            return PlainTextResponse(f"refused: {refusal}\n", refusal.status, {"Connection": "close"})
        return PlainTextResponse("taken\n")

    def _take(self, raw: bytes, signatures: list[str]) -> None:
        try:
            verify(raw, signatures, self._signing_secrets(), self._now_s())
        except BadSignature as error:
            raise NotBelieved(error.rule, str(error)) from None
        try:
            events = read_events(raw)
        except NotAnEvent as error:
            # Stripe signed it, so it is no forgery, and sent again it would be the same.
            log.warning("Stripe sent what is no event: %s", error, extra={"event": "not_an_event"})
            return
        self._inbox.put(self._connection.name, [event for event in events if self._matters(event)])

    def _matters(self, event: StripeEvent) -> bool:
        kind = kind_of(event)
        if kind is EventKind.PING:
            name = self._connection.name
            log.info("Stripe's ping came for %s", name, extra={"event": "ping", "connection": name})
        return kind not in _PASSED_OVER

    def _signing_secrets(self) -> tuple[SecretStr, ...]:
        if self._monotonic_s() - self._read_at_s >= _SECRETS_S:
            self._read_at_s = self._monotonic_s()
            try:
                self._secrets = self._connection.signing_secrets()
            except SecretError as error:
                self._secrets = ()
                log.error("webhooks are answered 503: %s", error, extra={"event": "webhooks_refused"})
        if not self._secrets:
            raise NotTaken("secret", "the secret of this endpoint cannot be read now; send it again")
        return self._secrets


async def _read_body(request: Request) -> bytes:
    """Reads a body as it came. Raises WebhookTooLong, which its length alone can say, and WebhookTooSlow."""
    too_large = WebhookTooLong("too_large", f"its body has more than {MOST_BODY_BYTES} bytes")
    if int(request.headers.get("content-length", 0)) > MOST_BODY_BYTES:
        raise too_large
    try:
        return await read_within(request, MOST_BODY_BYTES, BODY_S)
    except TooLong:
        raise too_large from None
    except TimeoutError:
        raise WebhookTooSlow("too_slow", f"its body did not come whole within {BODY_S:.0f} s") from None
    except ClientDisconnect:
        raise WebhookTooSlow("cut_off", "its sender went away") from None
