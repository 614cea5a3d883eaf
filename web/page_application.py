"""Puts the page and the API together behind their guard. Webhooks are another application (`application.py`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from forebay.config.document.web_access import WebAccess
from forebay.web.access.doorkeeper import Doorkeeper
from forebay.web.access.guard import HEALTH, Guard
from forebay.web.access.turned_away import TurnedAway
from forebay.web.acts.act import Acts
from forebay.web.api.api_routes import api_routes
from forebay.web.api.end_watch import EndWatch
from forebay.web.api.operations.api_operation import Services
from forebay.web.api.readings import Readings
from forebay.web.api.watched import Watched
from forebay.web.api.work import Work
from forebay.web.page.act_routes import act_routes
from forebay.web.page.live_stream import StreamEnds
from forebay.web.page.page_frame import PageFrame
from forebay.web.page.page_routes import page_routes
from forebay.web.page.rendering import Rendering
from forebay.web.page.static_files import StaticFiles

#: Shorter answers are not compressed.
_COMPRESS_FROM_BYTES = 1_000


def create_page_application(
    readings: Readings,
    acts: Acts,
    work: Work,
    access: WebAccess,
    *,
    hosts: Collection[str],
    here: str | None,
    now: Callable[[], datetime],
    monotonic_s: Callable[[], float],
    stopping: Callable[[], bool],
    more: Sequence[Route] = (),
) -> ASGIApp:
    """Makes it. `here` is who everybody is where nobody is asked, which is for loopback alone; `more` guards itself.

    `stopping` tells streams that they end: the process does.
    """

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    watched, static = Watched(readings, monotonic_s), StaticFiles()
    frame = PageFrame(Rendering(static, now), watched.problem, now)
    routes = [
        Route(HEALTH, healthz),
        *api_routes(Services(watched=watched, acts=acts, work=work, ends=EndWatch(watched.over, stopping))),
        *more,
        *act_routes(acts, frame, watched.forget),
        *page_routes(watched, frame, static, StreamEnds(monotonic_s=monotonic_s, stopping=stopping)),
    ]
    pages = Starlette(routes=routes)
    pages.router.redirect_slashes = False
    doorkeeper = Doorkeeper(access, here=here, now=now, monotonic_s=monotonic_s)
    compressed = GZipMiddleware(pages, minimum_size=_COMPRESS_FROM_BYTES)
    return Guard(
        compressed,
        doorkeeper,
        hosts,
        TurnedAway(monotonic_s),
        by_password=bool(access.users),
        guarded_elsewhere=[route.path for route in more],
    )
