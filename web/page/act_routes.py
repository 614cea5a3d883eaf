"""Serves acts: what one comes to first, then the act itself by a form of our own page, which leads to
what came of it (`/deeds`).

Who may is asked here; that no other site's page sent the form, the guard has seen to.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from forebay.web.access.identity import identity_of
from forebay.web.acts.act import Acts, Doer, WantedAct
from forebay.web.acts.act_forms import FIELDS, read_act, read_doer
from forebay.web.acts.form_body import read_form
from forebay.web.page.page_frame import PageFrame


def act_routes(acts: Acts, frame: PageFrame, forget: Callable[[], None]) -> list[Route]:
    """Makes the routes; `forget`: what was read before is not shown any more."""

    def ask(request: Request) -> Response:
        act = _act(request, dict(request.query_params))
        facts = {"act": act, "outlook": acts.outlook(act), "fields": FIELDS.get(act.kind, ())}
        return frame.page(request, "act.html", facts)

    def carry_out(act: WantedAct, doer: Doer) -> str:
        try:
            return acts.carry_out(act, doer)
        finally:
            forget()  # what went wrong in its midst may have changed something, too

    async def do(request: Request) -> Response:
        try:
            given = await read_form(request)
            act, doer = _act(request, given), read_doer(given, identity_of(request))
            name = await run_in_threadpool(carry_out, act, doer)
        except Exception as error:  # noqa: BLE001 - this is where every exception of a request ends
            return frame.sorry(request, error)
        return RedirectResponse(f"/deeds/{name}", 303)

    return [
        Route("/act/{kind}/{target}", frame.guarding(ask), methods=["GET"]),
        Route("/act/{kind}/{target}", do, methods=["POST"]),
    ]


def _act(request: Request, given: dict[str, str]) -> WantedAct:
    return read_act(request.path_params["kind"], request.path_params["target"], given, identity_of(request))
