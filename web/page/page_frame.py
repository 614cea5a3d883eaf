"""Puts around each page what all of them have: who looks, what he may, how it stays live; and says what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from forebay.web.access.identity import Identity, identity_of
from forebay.web.acts.act import ActKind
from forebay.web.api.hidden_facts import without_hidden
from forebay.web.api.problem_json import problem_at
from forebay.web.api.readings import RequestProblem
from forebay.web.page.rendering import Rendering

#: Before a screen's path, the path of its stream.
LIVE = "/live"


class PageFrame:
    """The frame of one process."""

    def __init__(
        self,
        rendering: Rendering,
        problem: Callable[[Exception], RequestProblem],
        now: Callable[[], datetime],
    ) -> None:
        self.rendering = rendering
        self._problem = problem
        self._now = now

    def page(self, request: Request, template: str, facts: Mapping[str, Any], *, screen: str = "") -> Response:
        """Answers with a page of these facts; a `screen` is one that stays live."""
        return HTMLResponse(self.rendering.page(template, self.context(request, facts, screen=screen)))

    def context(self, request: Request, facts: Mapping[str, Any], *, screen: str = "") -> Mapping[str, Any]:
        """Gives what a template is rendered with, without what its viewer may not see."""
        who: Identity = identity_of(request)
        query = f"?{request.url.query}" if request.url.query else ""
        return {
            **without_hidden(dict(facts), who.hidden),
            "screen": screen,
            "me": who,
            "may": lambda kind: who.role.may(ActKind(kind).role),
            "live_path": f"{LIVE}{request.url.path}{query}" if screen else "",
            "now": self._now().astimezone(UTC).isoformat(),
        }

    def sorry(self, request: Request, error: Exception) -> Response:
        """Answers with a page that says what is wrong, and the way out."""
        problem = problem_at(self._problem, error, identity_of(request))
        html = self.rendering.page("problem.html", self.context(request, {"problem": problem}))
        return HTMLResponse(html, problem.status)

    def guarding(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Makes a handler whose exceptions end on such a page."""

        def guarded(request: Request) -> Response:
            try:
                return answer(request)
            except Exception as error:  # noqa: BLE001 - this is where every exception of a page ends
                return self.sorry(request, error)

        return guarded
