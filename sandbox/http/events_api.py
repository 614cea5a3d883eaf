"""Serves GET /v2/core/events and GET /v2/core/events/ID: filters, pages that lead to each other, and what breaks them.

A page's token holds a place in the list and nothing else; the filters stand in the URL beside it, so whoever follows
`next_page_url` as it is keeps them.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.sandbox.errors import invalid_request, missing_permission, no_such_url
from forebay.sandbox.events.event_book import EventFilter, EventPlace, KeptEvent
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.api import Endpoint
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.setting_choices import EventsAccess
from forebay.sandbox.world import World

_PATH = "/v2/core/events"
_TYPES = re.compile(r"types\[\d*\]")
_CREATED = re.compile(r"created\[(gt|gte|lt|lte)\]")
_INCLUDE = re.compile(r"include\[\d*\]")
_SINGLE = ("object_id", "limit", "page")
_MOST_TYPES = 20
_LIMIT = 20
#: What a page holds whose limit is not kept.
_HUGE = 2000
_ELSEWHERE = "http://elsewhere.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What is asked for of the list: the filters, and the place of a page."""

    wanted: EventFilter
    limit: int
    older_than: EventPlace | None = None
    newer_than: EventPlace | None = None


async def _list(request: Request, world: World, caller: Caller) -> Response:
    _require_access(request, world, caller)
    asked = _read_query(request, world)
    if world.settings.events is EventsAccess.EMPTY or _struck(world, FaultName.PAGE_EMPTY):
        return JSONResponse({"data": [], "next_page_url": None, "previous_page_url": None})
    if _struck(world, FaultName.PAGE_HUGE):
        asked = replace(asked, limit=_HUGE)
    found, more = _find(world, caller, asked)
    following = _following(request, world, found, more=more)
    newer = _url(request, "newer", found[0].place) if found and asked.older_than else None
    shown = [each.event.thin() for each in found]
    if _struck(world, FaultName.PAGE_SHUFFLED):
        world.event_dice.shuffle(shown)
    return JSONResponse({"data": shown, "next_page_url": following, "previous_page_url": newer})


async def _retrieve(request: Request, world: World, caller: Caller) -> Response:
    _require_access(request, world, caller)
    return JSONResponse(world.events.find(caller, request.path_params["event_id"]).fetched())


_LIST = Endpoint(operation=Operation.LIST_EVENTS, handler=_list, creates=False)
_RETRIEVE = Endpoint(operation=Operation.RETRIEVE_EVENT, handler=_retrieve, creates=False)

ROUTES = [
    Route(_PATH, _LIST.serve, methods=["GET"]),
    Route(f"{_PATH}/{{event_id}}", _RETRIEVE.serve, methods=["GET"]),
]


def _require_access(request: Request, world: World, caller: Caller) -> None:
    if world.settings.events is EventsAccess.MISSING:
        raise no_such_url(request.method, request.url.path)
    if world.settings.events is EventsAccess.FORBIDDEN or not caller.may_list_events:
        raise missing_permission(caller.owner)


def _struck(world: World, name: FaultName) -> bool:
    return world.faults.strike(Operation.LIST_EVENTS, name) is not None


def _find(world: World, caller: Caller, asked: _Page) -> tuple[list[KeptEvent], bool]:
    """Finds a page, and whether older ones follow it."""
    wanted = asked.wanted
    if asked.newer_than:
        wanted = replace(wanted, above=(*wanted.above, asked.newer_than))
        return world.events.oldest(caller, wanted, asked.limit), True
    if asked.older_than:
        wanted = replace(wanted, below=(*wanted.below, asked.older_than))
    found = world.events.newest(caller, wanted, asked.limit + 1)
    return found[: asked.limit], len(found) > asked.limit


def _following(request: Request, world: World, found: Sequence[KeptEvent], *, more: bool) -> str | None:
    if _struck(world, FaultName.PAGE_ELSEWHERE):
        return _ELSEWHERE + _url(request, "older", _last_place(found))
    if _struck(world, FaultName.PAGE_ENDLESS) and not more:
        return _url(request, "older", EventPlace(datetime.max.replace(tzinfo=UTC), inf))  # the first page, once more
    return _url(request, "older", _last_place(found)) if more and found else None


def _last_place(found: Sequence[KeptEvent]) -> EventPlace:
    return found[-1].place if found else EventPlace(datetime.min.replace(tzinfo=UTC), 0)


def _url(request: Request, side: str, place: EventPlace) -> str:
    token = json.dumps([side, place.created_at.isoformat(), place.number]).encode()
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return f"{_PATH}?{urlencode([*kept, ('page', base64.urlsafe_b64encode(token).decode())])}"


def _read_query(request: Request, world: World) -> _Page:
    params = request.query_params
    for name in params:
        if name not in _SINGLE and not any(form.fullmatch(name) for form in (_TYPES, _CREATED, _INCLUDE)):
            raise invalid_request(f"Unknown parameter {name!r}.")
    types = [value for name, value in params.multi_items() if _TYPES.fullmatch(name)]
    if len(types) > _MOST_TYPES:
        raise invalid_request(f"types: at most {_MOST_TYPES} event names are allowed.")
    bounds = list(_bounds(request))
    wanted = EventFilter(
        types=frozenset(types),
        object_id=params.get("object_id"),
        above=tuple(place for is_lower, place in bounds if is_lower),
        below=tuple(place for is_lower, place in bounds if not is_lower),
    )
    side, place = _read_token(params["page"]) if "page" in params else ("", None)
    return _Page(
        wanted=wanted,
        limit=_limit(params.get("limit", str(_LIMIT)), world.settings.events_page_most),
        older_than=place if side == "older" else None,
        newer_than=place if side == "newer" else None,
    )


def _bounds(request: Request) -> Iterator[tuple[bool, EventPlace]]:
    """Reads the ends of the time that is asked for, each with whether it is the lower one."""
    for name, value in request.query_params.multi_items():
        if not (matched := _CREATED.fullmatch(name)):
            continue
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as exc:
            raise invalid_request(f"{name}: {value!r} is no RFC 3339 timestamp.") from exc
        if moment.tzinfo is None:
            raise invalid_request(f"{name}: {value!r} has no time zone.")
        # A place just before all events of the moment, or just behind them.
        yield matched[1].startswith("g"), EventPlace(moment, inf if matched[1] in ("gt", "lte") else 0)


def _limit(text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise invalid_request(f"limit: must be a whole number from 1 to {most}.")
    return int(text)


def _read_token(token: str) -> tuple[str, EventPlace]:
    try:
        side, created, number = json.loads(base64.urlsafe_b64decode(token))
        return str(side), EventPlace(datetime.fromisoformat(created), float(number))
    except (ValueError, TypeError) as exc:
        raise invalid_request("page: the token is not one that this list gave.") from exc
