"""Stands before the page and the API: lets through who may ask, and puts on each answer what browsers have to hold.

Webhooks are another application on a port of its own, and free of all this: Stripe shows who it is by a signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forebay.web.access.doorkeeper import Doorkeeper
from forebay.web.access.identity import STATE, Identity
from forebay.web.access.passwords import PASSWORDS_AT_ONCE
from forebay.web.access.request_rules import SAFE, host_is_known, may_change
from forebay.web.access.turned_away import TurnedAway
from forebay.web.api.problem_json import problem_json
from forebay.web.api.readings import RequestProblem
from forebay.web.errors import NotKnown, NotLetIn, TakesAWhile

#: Nothing but our own files: no inline script or style, no other site, no frame around us.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
#: What a load balancer asks, by address and without a name.
HEALTH = "/healthz"


class Guard:
    """An ASGI application around another one."""

    def __init__(
        self,
        inner: ASGIApp,
        doorkeeper: Doorkeeper,
        hosts: Collection[str],
        turned_away: TurnedAway,
        *,
        by_password: bool,
        guarded_elsewhere: Collection[str] = (),
    ) -> None:
        """Answers requests that name one of these hosts; `by_password`: a browser is told to ask for one.

        `guarded_elsewhere` are paths of the application that ask for something of their own, and for no name.
        """
        self._inner = inner
        self._doorkeeper = doorkeeper
        self._hosts = frozenset(host.casefold() for host in hosts)
        self._turned_away = turned_away
        self._tries = asyncio.Semaphore(PASSWORDS_AT_ONCE)
        self._open = frozenset({HEALTH, *guarded_elsewhere})
        self._challenge = {"www-authenticate": 'Basic realm="Forebay", charset="UTF-8"'} if by_password else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = None if scope["path"] in self._open else await self._refusal(scope)
        if refusal is None:
            await self._inner(scope, receive, guarded)
            return
        answer = problem_json(refusal)
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            answer.headers.update(self._challenge)
        await answer(scope, receive, guarded)

    async def _who(self, headers: Headers, peer: str | None) -> Identity:
        try:
            return self._doorkeeper.who(headers, peer, at_once=True)
        except TakesAWhile:
            # Strangers who try passwords wait here, and hold no thread of those that everybody else is answered by.
            async with self._tries:
                return await run_in_threadpool(self._doorkeeper.who, headers, peer)

    async def _refusal(self, scope: Scope) -> RequestProblem | None:
        headers = Headers(scope=scope)
        if not host_is_known(headers, self._hosts):
            return RequestProblem(
                status=421,
                kind="host",
                message="this is not called by that name",
                way_out="add it to `hosts` in the file of FOREBAY_WEB_ACCESS, or come by the address",
            )
        peer = scope["client"][0] if scope.get("client") else None
        try:
            identity = await self._who(headers, peer)
        except NotKnown as error:
            if "authorization" in headers:  # a browser asks once without, and is told to ask for a password
                self._turned_away.add(error.who, peer, str(error))
            return RequestProblem(status=401, kind="auth", message=str(error), exit_code=4)
        except NotLetIn as error:
            self._turned_away.add("", peer, str(error))
            return RequestProblem(status=403, kind="auth", message=str(error), exit_code=4)
        if scope["method"] not in SAFE and not may_change(headers, identity.known_by):
            return RequestProblem(status=403, kind="csrf", message="another site asked for this; nothing was done")
        scope[STATE] = identity
        return None
