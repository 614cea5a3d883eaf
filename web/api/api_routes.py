"""Serves the API, `/api/v1`: a route for each path of its operations. docs/web.md lists them.

What an operation does, it does in a thread, so that one slow store keeps nobody from being answered.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.web.access.identity import identity_of
from forebay.web.access.request_rules import SAFE
from forebay.web.api.hidden_facts import without_hidden
from forebay.web.api.json_body import read_body
from forebay.web.api.openapi_document import PREFIX, openapi_document
from forebay.web.api.operations.api_operation import ApiOperation, ApiRequest, Services
from forebay.web.api.operations.operations import OPERATIONS
from forebay.web.api.problem_json import problem_at, problem_json
from forebay.web.api.query_strings import refuse_others
from forebay.web.api.readings import Facts, RequestProblem

#: Of what changes something: it may take a while each, and whoever looks is to be answered meanwhile.
CHANGES_AT_ONCE = 8
#: What a path does not take is answered as the API answers, too.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def api_routes(services: Services) -> list[Route]:
    """Makes the routes; the last takes all that no other does."""
    by_path: dict[str, dict[str, ApiOperation]] = defaultdict(dict)
    for operation in OPERATIONS:
        by_path[operation.path][operation.method] = operation
    changes = asyncio.Semaphore(CHANGES_AT_ONCE)
    routes = [
        Route(PREFIX + path, _answering(services, operations, changes), methods=_METHODS)
        for path, operations in by_path.items()
    ]
    return [
        Route(f"{PREFIX}/openapi.json", _document),
        *routes,
        Route(PREFIX + "/{rest:path}", _nothing, methods=_METHODS),
    ]


def _document(_: Request) -> Response:
    return JSONResponse(openapi_document())


def _answering(
    services: Services, operations: dict[str, ApiOperation], changes: asyncio.Semaphore
) -> Callable[[Request], Awaitable[Response]]:
    """Makes what answers the requests of one path."""

    async def answer(request: Request) -> Response:
        who = identity_of(request)
        operation = operations.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            return _other_method(request, operations)
        try:
            facts = await _facts(services, operation, request, changes)
        except Exception as error:  # noqa: BLE001 - this is where every exception of a request ends
            return problem_json(problem_at(services.watched.problem, error, who))
        return JSONResponse(without_hidden(facts, who.hidden), operation.status_of(facts))

    return answer


async def _facts(services: Services, operation: ApiOperation, request: Request, changes: asyncio.Semaphore) -> Facts:
    identity_of(request).require(operation.role)
    refuse_others(request.query_params, *(each.name for each in operation.parameters))
    form = await read_body(request, operation.forms) if operation.forms else None
    asked = ApiRequest.of(request, form)
    if operation.wait:
        ended = await services.ends.until_over(request, asked.path["batch"], operation.wait(asked))
        asked = replace(asked, ended=ended)
    if operation.method in SAFE:
        return await run_in_threadpool(operation.do, services, asked)
    async with changes:
        try:
            return await run_in_threadpool(operation.do, services, asked)
        finally:
            services.watched.forget()  # what went wrong in its midst may have changed something, too


def _other_method(request: Request, operations: Collection[str]) -> Response:
    told = f"{request.url.path} takes no {request.method}"
    answer = problem_json(RequestProblem(status=405, kind="usage", message=told))
    answer.headers["allow"] = ", ".join([*operations, *(["HEAD"] if "GET" in operations else [])])
    return answer


def _nothing(request: Request) -> Response:
    return problem_json(RequestProblem(status=404, kind="unknown", message=f"there is nothing at {request.url.path}"))
