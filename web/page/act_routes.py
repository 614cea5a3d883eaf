"""Serves acts: what one comes to first, then the act itself by a form of our own page, then what came of it.

Who may is asked here; that no other site's page sent the form, the guard has seen to.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from forebay.web.access.identity import identity_of
from forebay.web.acts.act import Acts, WantedAct
from forebay.web.acts.act_forms import FIELDS, read_act, read_doer
from forebay.web.acts.form_body import read_form
from forebay.web.errors import NothingThere
from forebay.web.page.page_frame import PageFrame

SOME_DEEDS = 100


def act_routes(acts: Acts, frame: PageFrame) -> list[Route]:
    """Makes the routes."""

    def ask(request: Request) -> Response:
        act = _act(request, dict(request.query_params))
        facts = {"act": act, "outlook": acts.outlook(act), "fields": FIELDS.get(act.kind, ())}
        return frame.page(request, "act.html", facts)

    async def do(request: Request) -> Response:
        try:
            given = await read_form(request)
            act, doer = _act(request, given), read_doer(given, identity_of(request))
            name = await run_in_threadpool(acts.carry_out, act, doer)
        except Exception as error:  # noqa: BLE001 - this is where every exception of a request ends
            return frame.sorry(request, error)
        return RedirectResponse(f"/deeds/{name}", 303)

    def deed(request: Request) -> Response:
        found = acts.deed(request.path_params["name"])
        if found is None:
            raise NothingThere("Nothing was done by that name")
        return frame.page(request, "deed.html", {"deed": found})

    def deeds(request: Request) -> Response:
        return frame.page(request, "deeds.html", acts.deeds(SOME_DEEDS))

    return [
        Route("/act/{kind}/{target}", frame.guarding(ask), methods=["GET"]),
        Route("/act/{kind}/{target}", do, methods=["POST"]),
        Route("/deeds/{name}", frame.guarding(deed), methods=["GET"]),
        Route("/deeds", frame.guarding(deeds), methods=["GET"]),
    ]


def _act(request: Request, given: dict[str, str]) -> WantedAct:
    return read_act(request.path_params["kind"], request.path_params["target"], given, identity_of(request))
