"""Serves GET /v2/data/schemas and GET /v2/data/schemas/ID: the tables that queries can name, with their columns.

Fields as in DOC-S of the fact sheet. A page's token holds a place in the list and nothing else; the filters stand in
the URL beside it, so whoever follows `next_page_url` as it is keeps them.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.dataset.schema_list import DATASET, TableSchema, schemas_of
from forebay.sandbox.errors import (
    NO_PREVIEW,
    api_inaccessible,
    invalid_request,
    missing_permission,
    no_such_url,
    schema_not_found,
)
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.api import Endpoint
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.setting_choices import SchemasAccess
from forebay.sandbox.world import World

_PATH = "/v2/data/schemas"
_INCLUDE = re.compile(r"include\[\d*\]")
_SINGLE = ("dataset", "name", "limit", "page")
_LIMIT = 10
_ELSEWHERE = "http://elsewhere.invalid"


async def _list(request: Request, world: World, caller: Caller) -> Response:
    _require_access(request, world, caller)
    wanted, limit, start = _read_query(request, world)
    found = wanted[start : start + limit]
    if _struck(world, FaultName.PAGE_EMPTY):
        found = []
    following, previous = None, _url(request, max(0, start - limit)) if start else None
    if start + limit < len(wanted):
        following = _url(request, start + limit)
    elif _struck(world, FaultName.PAGE_ENDLESS):
        following = _url(request, 0)
    if _struck(world, FaultName.PAGE_ELSEWHERE):
        following = _ELSEWHERE + _url(request, start + limit)
    columns = any(_INCLUDE.fullmatch(name) for name in request.query_params)
    data = [_shown(schema, world, caller, columns=columns) for schema in found]
    return JSONResponse({"data": data, "next_page_url": following, "previous_page_url": previous})


async def _retrieve(request: Request, world: World, caller: Caller) -> Response:
    _require_access(request, world, caller)
    wanted = request.path_params["schema_id"]
    for schema in _all(world):
        if schema.id == wanted:
            return JSONResponse(_shown(schema, world, caller, columns=True))
    raise schema_not_found(wanted)


_LIST = Endpoint(operation=Operation.LIST_SCHEMAS, handler=_list, creates=False, api=SandboxApi.DATA)
_RETRIEVE = Endpoint(operation=Operation.RETRIEVE_SCHEMA, handler=_retrieve, creates=False, api=SandboxApi.DATA)

ROUTES = [
    Route(_PATH, _LIST.serve, methods=["GET"]),
    Route(f"{_PATH}/{{schema_id}}", _RETRIEVE.serve, methods=["GET"]),
]


def _require_access(request: Request, world: World, caller: Caller) -> None:
    if world.settings.schemas is SchemasAccess.MISSING:
        raise no_such_url(request.method, request.url.path)
    if world.settings.schemas is SchemasAccess.DISABLED:
        raise api_inaccessible(NO_PREVIEW)
    if world.settings.schemas is SchemasAccess.FORBIDDEN or not caller.may_read_schemas:
        raise missing_permission(caller.owner)


def _struck(world: World, name: FaultName) -> bool:
    return world.faults.strike(Operation.LIST_SCHEMAS, name) is not None


def _all(world: World) -> list[TableSchema]:
    return schemas_of(world.engine.tables, world.settings.made_up_tables)


def _shown(schema: TableSchema, world: World, caller: Caller, *, columns: bool) -> dict[str, object]:
    settings = world.settings
    refreshed = (settings.schemas_refreshed_at or settings.data_load_time).isoformat(timespec="milliseconds")
    shown: dict[str, object] = {
        "id": schema.id,
        "object": "v2.data.schema",
        "name": schema.name,
        "dataset": DATASET,
        "description": schema.description,
        "livemode": caller.livemode,
        "refreshed_at": refreshed.replace("+00:00", "Z"),
        "relevant_reports": [],
    }
    if columns:
        shown["columns"] = [asdict(column) for column in schema.columns]
    return shown


def _read_query(request: Request, world: World) -> tuple[Sequence[TableSchema], int, int]:
    """Reads which schemas are asked for, how many of them at a time, and from which one on."""
    params = request.query_params
    for name, value in params.multi_items():
        if _INCLUDE.fullmatch(name):
            if value != "columns":
                raise invalid_request(f"{name}: {value!r} is not one of: columns.")
        elif name not in _SINGLE:
            raise invalid_request(f"Unknown parameter {name!r}.")
    if params.get("dataset", DATASET) != DATASET:
        raise invalid_request(f"dataset: {params['dataset']!r} is not one of: {DATASET}.")
    wanted = [schema for schema in _all(world) if params.get("name", schema.name) == schema.name]
    start = _read_token(params["page"]) if "page" in params else 0
    return wanted, _limit(params.get("limit", str(_LIMIT)), world.settings.schemas_page_most), start


def _limit(text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise invalid_request(f"limit: must be a whole number from 1 to {most}.")
    return int(text)


def _url(request: Request, start: int) -> str:
    token = base64.urlsafe_b64encode(f"from {start}".encode()).decode()
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return f"{_PATH}?{urlencode([*kept, ('page', token)])}"


def _read_token(token: str) -> int:
    try:
        written = re.fullmatch(r"from ([0-9]{1,9})", base64.urlsafe_b64decode(token).decode())
    except (binascii.Error, ValueError):
        written = None
    if written is None:
        raise invalid_request("page: the token is not one that this list gave.")
    return int(written[1])
