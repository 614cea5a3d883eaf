"""Answers who scrapes metrics on the port that is there anyway, and shows the token of FOREBAY_METRICS_TOKEN."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from forebay.metrics.exposition import CONTENT_TYPE
from forebay.metrics.metrics_server import NO_TOKEN, is_allowed


def metrics_route(text: Callable[[], str], token: SecretStr) -> Route:
    """Makes the route. `text` collects, in a thread of its own: it reads Redis."""

    def answer(request: Request) -> Response:
        if not is_allowed(request.headers.get("Authorization"), token):
            return PlainTextResponse(NO_TOKEN, 401, headers={"WWW-Authenticate": "Bearer"})
        return Response(text(), media_type=CONTENT_TYPE)

    return Route("/metrics", answer)
