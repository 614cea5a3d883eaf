"""Serves the sandbox's own pages under /sandbox: what it counted, which runs it had, and how it is told to behave.

None of this exists at Stripe. No key is asked for: it listens on loopback and holds nothing but made-up data.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from forebay.sandbox.errors import ApiError
from forebay.sandbox.executing.zipping import unzip_csv
from forebay.sandbox.runs import SandboxRun
from forebay.sandbox.sandbox_settings import FIXED_AT_START, SandboxSettings
from forebay.sandbox.world import World

_LANDING = """A sandbox of Stripe's Query Run API: a local stand-in with generated data. Nothing here is Stripe.

POST /v2/data/reporting/query_runs         create; Authorization: Bearer sk_test_anything
GET  /v2/data/reporting/query_runs/ID      retrieve
POST /v2/data/query_runs                   the same by the second generation: dataset, format, query[sql]
GET  /v2/data/query_runs/ID
GET  /v2/core/events                       events of query runs: types[0], created[gte], object_id, limit, page
GET  /v2/core/events/ID                    one event, with its changes
GET  /v2/data/schemas                      tables and, with include[0]=columns, their columns: name, limit, page
GET  /v2/data/schemas/ID                   one table, with its columns
GET  /files/…                              what a result's download_url points at

GET  /sandbox/counts                       what was counted: alive, peaks, executions per idempotency key
GET  /sandbox/runs?start=0&limit=100       every run
GET  /sandbox/runs/ID/csv                  a run's rows as CSV, whatever was delivered
GET  /sandbox/accounts                     names for Stripe-Context (key sk_org_test_anything)
GET  /sandbox/control                      the settings; POST a JSON object to change some of them
POST /sandbox/events                       makes an event by hand: type, and what else it should say
POST /sandbox/reset                        back to the start, data kept
"""
_PAGE_MOST = 1000


async def _landing(request: Request) -> Response:
    del request
    return PlainTextResponse(_LANDING)


async def _counts(request: Request) -> Response:
    world = _world(request)
    scopes = {scope: asdict(tally) for scope, tally in world.runs.tallies.items()}
    return JSONResponse(
        {
            "scopes": scopes,
            "totals": {
                "runs": len(world.runs),
                "alive": sum(tally.alive for tally in world.runs.tallies.values()),
                "overshoot_attempts": sum(tally.overshoot_attempts for tally in world.runs.tallies.values()),
            },
            "idempotency": world.idempotency.summary(),
            "faults_struck": world.faults.struck(),
            "events": {
                "kept": len(world.events),
                "made": dict(world.events.made),
                "missed": dict(world.events.missed),
            },
            "webhooks": world.outbox.summary(),
            **world.counts.summary(),
        }
    )


async def _runs(request: Request) -> Response:
    world = _world(request)
    try:
        start, limit = (
            int(request.query_params.get(name, default)) for name, default in (("start", 0), ("limit", 100))
        )
    except ValueError:
        return _refuse("start and limit must be whole numbers")
    limit = max(1, min(limit, _PAGE_MOST))
    runs = [_describe(run) for run in world.runs.page(max(0, start), limit)]
    more = start + limit < len(world.runs)
    return JSONResponse({"data": runs, "next_start": start + limit if more else None})


def _describe(run: SandboxRun) -> dict[str, object]:
    return {
        "id": run.id,
        "api": run.api.value,
        "owner": run.owner,
        "livemode": run.livemode,
        "key_id": run.key_id,
        "cap_scope": run.cap_scope,
        "status": run.status.value,
        "sql_sha256": hashlib.sha256(run.sql.encode()).hexdigest(),
        "compress": run.compress,
        "idempotency_key": run.idempotency_key,
        "created": run.created_at.isoformat(),
        "ended": run.ended_at.isoformat() if run.ended_at else None,
        "duration_s": run.duration_s,
        "size_bytes": run.result.size_bytes if run.result else None,
        "error_code": run.failure.code if run.failure else None,
    }


async def _csv(request: Request) -> Response:
    try:
        run = _world(request).runs.get(request.path_params["run_id"])
    except ApiError as error:
        return error.response()
    if run.result is None:
        return _refuse(f"the run is {run.status.value} and has no result", status=409)
    if run.result.content_type == "csv":
        return FileResponse(run.result.path, media_type="text/csv")
    rows: Iterator[bytes] = unzip_csv(run.result.path)
    return StreamingResponse(rows, media_type="text/csv")


async def _accounts(request: Request) -> Response:
    return JSONResponse({"data": _world(request).accounts})


async def _show_settings(request: Request) -> Response:
    return JSONResponse(_world(request).settings.model_dump(mode="json"))


async def _change_settings(request: Request) -> Response:
    world = _world(request)
    try:
        changes = json.loads(await request.body())
    except ValueError:
        changes = None
    if not isinstance(changes, dict):
        return _refuse("send a JSON object of settings to change, as GET /sandbox/control shows them")
    if fixed := FIXED_AT_START & changes.keys():
        return _refuse(f"only a restart changes {', '.join(sorted(fixed))}")
    try:
        changed = SandboxSettings(**(world.settings.model_dump() | changes))
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = f"{'.'.join(map(str, first['loc']))}: " if first["loc"] else ""
        return _refuse(where + first["msg"].removeprefix("Value error, "))
    world.change(changed, faults_too="faults" in changes)
    return JSONResponse(changed.model_dump(mode="json"))


async def _reset(request: Request) -> Response:
    await _world(request).reset()
    return JSONResponse({"reset": True})


ROUTES = [
    Route("/", _landing, methods=["GET"]),
    Route("/sandbox/counts", _counts, methods=["GET"]),
    Route("/sandbox/runs", _runs, methods=["GET"]),
    Route("/sandbox/runs/{run_id}/csv", _csv, methods=["GET"]),
    Route("/sandbox/accounts", _accounts, methods=["GET"]),
    Route("/sandbox/control", _show_settings, methods=["GET"]),
    Route("/sandbox/control", _change_settings, methods=["POST"]),
    Route("/sandbox/reset", _reset, methods=["POST"]),
]


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _refuse(message: str, status: int = 400) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status_code=status)
