"""Serves the two operations that both generations have, create and retrieve, over the same runs.

What a generation says in its own way (its body, its object) is a `SandboxDialect`: reporting_api.py and data_api.py.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.errors import invalid_request
from forebay.sandbox.executing.lifecycle import submit
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.api import Endpoint
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.runs import AskedRun, SandboxRun, Status
from forebay.sandbox.setting_choices import IdempotencyKeys
from forebay.sandbox.world import World

_INCLUDE = re.compile(r"include\[\d+\]")

Shown = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxDialect:
    """What one generation says in its own way."""

    api: SandboxApi
    read: Callable[[object], AskedRun]
    """Reads the body of a create; raises pydantic's ValidationError."""
    present: Callable[[Request, World, SandboxRun], Shown]
    """Shapes a run."""
    params: frozenset[str] = frozenset()
    """What a retrieve takes beside `include`."""

    def routes(self) -> list[Route]:
        """Gives its two operations at their path."""
        create = Endpoint(
            operation=Operation.CREATE,
            handler=self._create,
            creates=True,
            check_body=self._read_body,
            api=self.api,
        )
        retrieve = Endpoint(operation=Operation.RETRIEVE, handler=self._retrieve, creates=False, api=self.api)
        return [
            Route(self.api.path, create.serve, methods=["POST"]),
            Route(f"{self.api.path}/{{run_id}}", retrieve.serve, methods=["GET"]),
        ]

    async def _create(self, request: Request, world: World, caller: Caller) -> Response:
        asked = await self._read_body(request)
        key, request_id = _idempotency_key(request), request.state.request_id
        settings = world.settings
        most = settings.sql_most_bytes
        if most is not None and len(asked.sql.encode(errors="surrogatepass")) > most:
            raise invalid_request(f"sql: must be at most {most} bytes long.")
        if key is None or settings.idempotency_keys is IdempotencyKeys.IGNORED:
            run = await submit(world, caller, asked, idempotency_key=None, request_id=request_id)
            return JSONResponse(self._shown(Operation.CREATE, request, world, run))
        async with world.idempotency.turn(
            (key, f"{self.api}.create", caller.owner, caller.mode),
            asked.fingerprint,
            window_s=settings.idempotency_window_s,
            race=settings.idempotency_race,
        ) as turn:
            if turn.run_id is None:
                created = await submit(world, caller, asked, idempotency_key=key, request_id=request_id)
                turn.run_id = created.id
        # A replay shows the run as it is now, not as it was when it was created.
        return JSONResponse(self._shown(Operation.CREATE, request, world, world.runs.get(turn.run_id)))

    async def _retrieve(self, request: Request, world: World, caller: Caller) -> Response:
        for name in request.query_params:
            if name not in self.params and not _INCLUDE.fullmatch(name):
                taken = ", ".join(["include[0], include[1] …", *sorted(self.params)])
                raise invalid_request(f"Unknown parameter {name!r}; a retrieve takes {taken} only.")
        apis = tuple(SandboxApi) if world.settings.runs_seen_by_both else (self.api,)
        run = world.runs.visible_to(caller, apis, request.path_params["run_id"])
        if world.faults.strike(Operation.RETRIEVE, FaultName.OTHER_RUN):
            run = world.runs.other_than(run)
        return JSONResponse(self._shown(Operation.RETRIEVE, request, world, run))

    def _shown(self, operation: Operation, request: Request, world: World, run: SandboxRun) -> Shown:
        odd = world.faults.strike(operation, FaultName.ODD_STATUS)
        if odd is None:
            return self.present(request, world, run)
        unended = replace(run, status=Status.RUNNING, result=None, failure=None, cancellation=None)
        return {**self.present(request, world, unended), "status": odd.shown or "queued"}

    async def _read_body(self, request: Request) -> AskedRun:
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise invalid_request("For v2 API endpoints, only JSON is supported; send Content-Type: application/json.")
        try:
            return self.read(json.loads(await request.body()))
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "the body"
            raise invalid_request(f"{field}: {first['msg']}.") from exc
        except ValueError as exc:
            raise invalid_request(f"The body is not valid JSON: {exc}.") from exc


def fingerprint(body: BaseModel) -> str:
    """Says what belongs to an idempotency key: all that a body asks for, in one way of writing it."""
    return body.model_dump_json(exclude_defaults=True)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= 255:
        raise invalid_request("Idempotency-Key must have 1 to 255 characters.")
    return key
