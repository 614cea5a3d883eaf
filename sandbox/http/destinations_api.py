"""Serves GET /v2/core/event_destinations: who is sent events, page by page, for a key that may see it.

A page's token is the place of its first entry; what else was asked for stands in the URL beside it.
"""

import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.sandbox.errors import invalid_request, missing_permission, no_such_url
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.api import Endpoint
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.setting_choices import EventsAccess
from forebay.sandbox.world import World

_PATH = "/v2/core/event_destinations"
_INCLUDE = re.compile(r"include\[\d*\]")
_LIMIT, _MOST = 10, 100
_ELSEWHERE = "http://elsewhere.invalid"


async def _list(request: Request, world: World, caller: Caller) -> Response:
    access = world.settings.destinations_access
    if access is EventsAccess.MISSING:
        raise no_such_url(request.method, request.url.path)
    if access is EventsAccess.FORBIDDEN or not caller.may_list_events:
        raise missing_permission(caller.owner)
    limit, start = _read_query(request)
    all_of_them = [] if access is EventsAccess.EMPTY else world.settings.destinations
    shown = [
        each.shown(number, livemode=caller.livemode)
        for number, each in enumerate(all_of_them[start : start + limit], start=start)
    ]
    following = _url(request, start + limit) if start + limit < len(all_of_them) else None
    if world.faults.strike(Operation.LIST_DESTINATIONS, FaultName.PAGE_ENDLESS):
        following = _url(request, 0)
    if world.faults.strike(Operation.LIST_DESTINATIONS, FaultName.PAGE_ELSEWHERE):
        following = _ELSEWHERE + _url(request, start + limit)
    previous = _url(request, max(0, start - limit)) if start else None
    return JSONResponse({"data": shown, "next_page_url": following, "previous_page_url": previous})


ROUTES = [
    Route(
        _PATH,
        Endpoint(operation=Operation.LIST_DESTINATIONS, handler=_list, creates=False).serve,
        methods=["GET"],
    ),
]


def _read_query(request: Request) -> tuple[int, int]:
    """Reads how many are asked for, and from which on."""
    params = request.query_params
    for name in params:
        if name not in ("limit", "page") and not _INCLUDE.fullmatch(name):
            raise invalid_request(f"Unknown parameter {name!r}.")
    numbers = []
    for name, default, least, most in (("limit", _LIMIT, 1, _MOST), ("page", 0, 0, 10_000)):
        text = params.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
            raise invalid_request(f"{name}: {text!r} is none that this list takes.")
        numbers.append(int(text))
    return numbers[0], numbers[1]


def _url(request: Request, start: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return f"{_PATH}?{urlencode([*kept, ('page', start)])}"
