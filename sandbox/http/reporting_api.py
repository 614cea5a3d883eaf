"""Serves the reporting dialect: POST and GET /v2/data/reporting/query_runs, its body, its object, its two operations.

A later dialect is a file like this one: other paths and shapes over the same runs.
"""

import json
import re
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.sandbox.errors import invalid_request
from forebay.sandbox.events.thin_events import rfc3339_ms
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.api import Endpoint
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.http.links import lifetime_ns
from forebay.sandbox.lifecycle import submit
from forebay.sandbox.runs import SandboxRun, SpooledResult
from forebay.sandbox.world import World

_PATH = "/v2/data/reporting/query_runs"
_INCLUDE = re.compile(r"include\[\d+\]")


class _ResultOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    compress_file: StrictBool = False
    result_type: StrictStr | None = None
    """In the guide's samples, in no schema: taken and ignored."""


class _CreateBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sql: StrictStr = Field(min_length=1)
    result_options: _ResultOptions | None = None


async def _create(request: Request, world: World, caller: Caller) -> Response:
    body = await _read_body(request)
    compress = body.result_options is not None and body.result_options.compress_file
    key, request_id = _idempotency_key(request), request.state.request_id
    if key is None:
        run = await submit(world, caller, body.sql, compress=compress, idempotency_key=None, request_id=request_id)
        return JSONResponse(_present(request, world, run))
    settings = world.settings
    async with world.idempotency.turn(
        (key, "reporting.create", caller.owner, caller.mode),
        body.model_dump_json(exclude_defaults=True),
        window_s=settings.idempotency_window_s,
        race=settings.idempotency_race,
    ) as turn:
        if turn.run_id is None:
            created = await submit(
                world, caller, body.sql, compress=compress, idempotency_key=key, request_id=request_id
            )
            turn.run_id = created.id
    # A replay shows the run as it is now, not as it was when it was created.
    return JSONResponse(_present(request, world, world.runs.get(turn.run_id)))


async def _retrieve(request: Request, world: World, caller: Caller) -> Response:
    for name in request.query_params:
        if not _INCLUDE.fullmatch(name):
            raise invalid_request(f"Unknown parameter {name!r}; a retrieve takes include[0], include[1] … only.")
    run = world.runs.visible_to(caller, request.path_params["run_id"])
    if world.faults.strike(Operation.RETRIEVE, FaultName.OTHER_RUN):
        run = world.runs.other_than(run)
    return JSONResponse(_present(request, world, run))


_CREATE = Endpoint(operation=Operation.CREATE, handler=_create, creates=True)
_RETRIEVE = Endpoint(operation=Operation.RETRIEVE, handler=_retrieve, creates=False)

ROUTES = [
    Route(_PATH, _CREATE.serve, methods=["POST"]),
    Route(f"{_PATH}/{{run_id}}", _RETRIEVE.serve, methods=["GET"]),
]


async def _read_body(request: Request) -> _CreateBody:
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise invalid_request("For v2 API endpoints, only JSON is supported; send Content-Type: application/json.")
    try:
        return _CreateBody.model_validate(json.loads(await request.body()))
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        raise invalid_request(f"{field}: {first['msg']}.") from exc
    except ValueError as exc:
        raise invalid_request(f"The body is not valid JSON: {exc}.") from exc


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= 255:
        raise invalid_request("Idempotency-Key must have 1 to 255 characters.")
    return key


def _present(request: Request, world: World, run: SandboxRun) -> dict[str, object]:
    details = {"failed": {"error_code": run.failure.code, "error_message": run.failure.message}} if run.failure else {}
    return {
        "id": run.id,
        "object": "v2.data.reporting.query_run",
        "created": rfc3339_ms(run.created_at),
        "livemode": run.livemode,
        "result": _present_result(request, world, run.result) if run.result else None,
        "result_options": {"compress_file": run.compress},
        "sql": run.sql,
        "status": run.status.value,
        "status_details": details,
    }


def _present_result(request: Request, world: World, result: SpooledResult) -> dict[str, object]:
    now_ns = world.now_ns()
    born_expired = world.faults.strike(Operation.RETRIEVE, FaultName.URL_EXPIRED)
    expires_ns = now_ns - 1 if born_expired else now_ns + lifetime_ns(world.settings.url_lifetime_s)
    wrong = world.faults.strike(Operation.RETRIEVE, FaultName.WRONG_SIZE)
    url = world.links.sign(str(request.base_url).rstrip("/"), result.path.name, expires_ns)
    return {
        "type": "file",
        "file": {
            "content_type": result.content_type,
            "download_url": {"expires_at": _nine_digits(expires_ns), "url": url},
            "size": str(result.size_bytes + (wrong.bytes if wrong else 0)),  # an int64 travels as a string
        },
    }


def _nine_digits(moment_ns: int) -> str:
    seconds, nanos = divmod(moment_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{nanos:09d}Z"
