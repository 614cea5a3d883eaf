"""Serves the screens, each live, over the readings that the API gives out; and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from forebay.web.access.identity import Identity, identity_of
from forebay.web.api.api_routes import problem_at
from forebay.web.api.hidden_facts import without_hidden
from forebay.web.api.problem_json import problem_json
from forebay.web.api.readings import RequestProblem
from forebay.web.api.watched import Watched
from forebay.web.errors import NothingThere
from forebay.web.page.live_stream import LiveParts, live_stream
from forebay.web.page.rendering import Rendering
from forebay.web.page.screens import SCREENS, Screen
from forebay.web.page.static_files import StaticFiles

#: Before a screen's path, the path of its stream.
LIVE = "/live"


def page_routes(watched: Watched, now: Callable[[], datetime], monotonic_s: Callable[[], float]) -> list[Route]:
    """Makes the routes."""
    static = StaticFiles()
    rendering = Rendering(static, now)
    pages = [Pages(watched, rendering, screen, now, monotonic_s) for screen in SCREENS]
    return [
        Route("/static/{mark}/{name:path}", static.serve, methods=["GET"]),
        *(Route(LIVE + each.screen.path, each.live, methods=["GET"]) for each in pages),
        *(Route(each.screen.path, each.show, methods=["GET"]) for each in pages),
        Route("/{rest:path}", pages[0].nothing, methods=["GET"]),
    ]


class Pages:
    """The pages of one screen."""

    def __init__(
        self,
        watched: Watched,
        rendering: Rendering,
        screen: Screen,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
    ) -> None:
        self.screen = screen
        self._watched = watched
        self._rendering = rendering
        self._now = now
        self._monotonic_s = monotonic_s

    def show(self, request: Request) -> Response:
        """Answers with the page, or with one that says what is wrong."""
        try:
            context = self._context(request)
            html = self._rendering.page(f"{self.screen.name}.html", context)
        except Exception as error:  # noqa: BLE001 - this is where every exception of a page ends
            return self._sorry(request, problem_at(self._watched, error))
        return HTMLResponse(html)

    def nothing(self, request: Request) -> Response:
        """Answers where there is no screen."""
        error = NothingThere(f"There is nothing at {request.url.path}")
        return self._sorry(request, problem_at(self._watched, error))

    def live(self, request: Request) -> Response:
        """Answers with the stream that keeps the page live."""
        try:
            self._context(request)
        except Exception as error:  # noqa: BLE001 - as above
            return problem_json(problem_at(self._watched, error))

        def render() -> dict[str, str]:
            context = self._context(request)
            return {name: self._rendering.part(name, context) for name in self.screen.parts}

        batch_id = request.path_params.get("batch", "")
        states = (lambda: self._watched.states(batch_id)) if self.screen.cells else None
        return live_stream(LiveParts(render=render, states=states), self._monotonic_s)

    def _context(self, request: Request) -> Mapping[str, Any]:
        facts = without_hidden(self.screen.read(request, self._watched), identity_of(request).hidden)
        return {**facts, **self._frame(request)}

    def _frame(self, request: Request) -> dict[str, Any]:
        who: Identity = identity_of(request)
        query = f"?{request.url.query}" if request.url.query else ""
        return {
            "screen": self.screen.name,
            "me": who,
            "hidden": sorted(who.hidden),
            "live_path": f"{LIVE}{request.url.path}{query}",
            "now": self._now().astimezone(UTC).isoformat(),
        }

    def _sorry(self, request: Request, problem: RequestProblem) -> Response:
        context = {**self._frame(request), "problem": problem, "live_path": ""}
        return HTMLResponse(self._rendering.page("problem.html", context), problem.status)
