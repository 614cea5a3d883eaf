"""Puts the routes together: the webhooks of each connection that has secrets, and what a load balancer asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from forebay.config.connections import Connection
from forebay.events.refusals import Refusals
from forebay.web.inbox import Inbox
from forebay.web.webhooks import Webhook


def webhook_path(connection: Connection) -> str:
    """Names the path of a connection's endpoint."""
    return f"/webhooks/stripe/{connection.name}"


def create_application(
    connections: Iterable[Connection],
    inbox: Inbox,
    refusals: Refusals,
    *,
    now_s: Callable[[], float],
    monotonic_s: Callable[[], float],
) -> Starlette:
    """Makes the application. A connection without secrets has no route: nobody could show that he is Stripe."""

    async def healthz(_: Request) -> Response:
        return _said("" if inbox.alive else "the thread that hears events ended", 500)

    async def readyz(_: Request) -> Response:
        return _said(inbox.trouble and "not ready", 503)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
    for connection in connections:
        if connection.webhook_secrets:
            webhook = Webhook(connection, inbox, refusals, now_s=now_s, monotonic_s=monotonic_s)
            routes.append(Route(webhook_path(connection), webhook.receive, methods=["POST"]))
    application = Starlette(routes=routes)
    # Stripe follows no redirect.
    application.router.redirect_slashes = False
    return application


def _said(trouble: str, status: int) -> Response:
    """Says little: who may ask is everybody, and the log has the rest."""
    return PlainTextResponse(f"{trouble or 'ok'}\n", status if trouble else 200)
