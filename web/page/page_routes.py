"""Serves the screens, each live, over the readings that the API gives out; and their files."""

from __future__ import annotations

from typing import NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from forebay.web.access.identity import identity_of
from forebay.web.api.problem_json import problem_at, problem_json
from forebay.web.api.readings import RequestProblem
from forebay.web.api.watched import Watched
from forebay.web.errors import NothingThere
from forebay.web.page.live_stream import LiveParts, StreamEnds, live_stream
from forebay.web.page.page_frame import LIVE, PageFrame
from forebay.web.page.screens import SCREENS, Screen
from forebay.web.page.static_files import StaticFiles


def page_routes(watched: Watched, frame: PageFrame, static: StaticFiles, ends: StreamEnds) -> list[Route]:
    """Makes the routes; the last takes all that no other does."""
    pages = [Pages(watched, frame, screen, ends) for screen in SCREENS]
    return [
        Route("/static/{mark}/{name:path}", static.serve, methods=["GET"]),
        *(Route(LIVE + each.screen.path, each.live, methods=["GET"]) for each in pages),
        *(Route(each.screen.path, frame.guarding(each.show), methods=["GET"]) for each in pages),
        Route("/{rest:path}", frame.guarding(_nothing), methods=["GET"]),
    ]


class Pages:
    """The pages of one screen."""

    def __init__(self, watched: Watched, frame: PageFrame, screen: Screen, ends: StreamEnds) -> None:
        self.screen = screen
        self._watched = watched
        self._frame = frame
        self._ends = ends

    def show(self, request: Request) -> Response:
        """Answers with the page."""
        facts = self.screen.read(request, self._watched)
        return self._frame.page(request, f"{self.screen.name}.html", facts, screen=self.screen.name)

    def live(self, request: Request) -> Response:
        """Answers with the stream that keeps the page live."""

        def render() -> dict[str, str]:
            facts = self.screen.read(request, self._watched)
            context = self._frame.context(request, facts, screen=self.screen.name)
            return {name: self._frame.rendering.part(name, context) for name in self.screen.parts}

        who = identity_of(request)
        whose = who.known_by, who.name
        if self._ends.full(whose):
            return problem_json(RequestProblem(status=503, kind="busy", message="too many look at live pages now"))
        try:
            self.screen.read(request, self._watched)
        except Exception as error:  # noqa: BLE001 - this is where every exception of a stream's beginning ends
            return problem_json(problem_at(self._watched.problem, error, who))
        batch_id = request.path_params.get("batch", "")
        states = (lambda: self._watched.states(batch_id)) if self.screen.cells else None
        return live_stream(LiveParts(render=render, states=states), self._ends, whose)


def _nothing(request: Request) -> NoReturn:
    raise NothingThere(f"There is nothing at {request.url.path}")
