"""Checks what every request of the API passes before its operation runs: faults, key, limiters, version, permission.

Each operation is wrapped by `Endpoint`: those of query runs in query_runs.py, those of events in events_api.py.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.errors import (
    NO_PREVIEW,
    REASON_HEADER,
    ApiError,
    Limit,
    LimitError,
    api_inaccessible,
    cap_reached,
    invalid_key,
    invalid_request,
    missing_permission,
    no_such_url,
    server_error,
    too_many_requests,
)
from forebay.sandbox.faults import Fault, FaultName, Operation
from forebay.sandbox.http.callers import Caller, identify
from forebay.sandbox.http.sever import CutConnection
from forebay.sandbox.http.spoiled import SPOILS, spoiled
from forebay.sandbox.setting_choices import BodyCheck
from forebay.sandbox.world import World

Handler = Callable[[Request, World, Caller], Awaitable[Response]]

_BEFORE = (
    FaultName.DROP_REQUEST,
    FaultName.SERVER_ERROR,
    FaultName.RATE_LIMITED,
    FaultName.CAP_REACHED,
    FaultName.UNAUTHORIZED,
    FaultName.FORBIDDEN,
)
_AFTER = (FaultName.DROP_REPLY, FaultName.ERROR_AFTER)
_DATED_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\.[a-z]+")


class _Cut(Exception):
    """Raised when a fault wants the connection cut before anything happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation of a dialect, behind all that Stripe checks first."""

    operation: Operation
    handler: Handler
    creates: bool
    """Whether it needs a key that may create."""
    check_body: Callable[[Request], Awaitable[object]] | None = None
    """Refuses a body that does not fit; for settings by which that comes before the key is looked at."""
    api: SandboxApi | None = None
    """None is not of the preview: any dated version is taken, and no feature has to be enabled."""

    async def serve(self, request: Request) -> Response:
        """Answers a request, as the faults and Stripe's rules want it answered, and counts it."""
        world: World = request.app.state.world
        world.counts.arrived(self.operation)
        request.state.request_id = _new_request_id()
        try:
            response = await self._answer(request, world)
        except _Cut:
            return self._cut(world)
        except ApiError as error:
            response = error.response(self._code_of(error, world))
            _count_refusal(world, error)
        if fault := world.faults.strike(self.operation, *_AFTER):
            if fault.name is FaultName.DROP_REPLY:
                return self._cut(world)
            response = server_error(fault.status).response()
        if fault := world.faults.strike(self.operation, *SPOILS):
            response = spoiled(fault, bytes(response.body), "application/json")
        world.counts.answered(self.operation, response.status_code)
        response.headers["Request-Id"] = request.state.request_id
        return response

    async def _answer(self, request: Request, world: World) -> Response:
        if slow := world.faults.strike(self.operation, FaultName.SLOW):
            await asyncio.sleep(slow.delay_s)
        if fault := world.faults.strike(self.operation, *_BEFORE):
            raise self._as_error(fault, world)
        caller = await self._identify(request, world)
        with world.limiters.admit(caller, self.operation, world.settings, self.api):
            self._require_version(request, world)
            if world.settings.body_check is not BodyCheck.AFTER_PERMISSION:
                await self._check_body(request)
            if self.api and self.api is world.settings.no_api:
                raise api_inaccessible(NO_PREVIEW)
            if self.api and caller.inaccessible:
                raise api_inaccessible(caller.inaccessible)
            if self.api and not (caller.may_create if self.creates else caller.may_retrieve):
                raise missing_permission(caller.owner)
            if world.faults.strike(self.operation, FaultName.DOUBLED):
                await self.handler(request, world, caller)
            return await self.handler(request, world, caller)

    def _code_of(self, error: ApiError, world: World) -> str | None:
        """Gives the code that this generation has instead of the error's own."""
        if self.api is not SandboxApi.DATA or not isinstance(error, LimitError):
            return None
        settings = world.settings
        return settings.data_cap_code if error.limit is Limit.CAP else settings.data_rate_code

    async def _identify(self, request: Request, world: World) -> Caller:
        try:
            return identify(
                request.headers.get("Authorization", ""),
                request.headers.get("Stripe-Context", ""),
                accounts=world.accounts,
                default_account=world.accounts[0],
                no_access=world.settings.no_access,
            )
        except ApiError as refusal:
            if refusal.status == 403 and world.settings.body_check is BodyCheck.BEFORE_ACCESS:
                await self._check_body(request)
            raise

    async def _check_body(self, request: Request) -> None:
        if self.check_body:
            await self.check_body(request)

    def _require_version(self, request: Request, world: World) -> None:
        settings = world.settings
        accepted = settings.accepted_data_versions if self.api is SandboxApi.DATA else settings.accepted_versions
        version = request.headers.get("Stripe-Version", "")
        if version not in accepted and not (self.api is None and _DATED_VERSION.fullmatch(version)):
            given = (
                f"Stripe-Version {version!r} is not accepted" if version else "The Stripe-Version header is required"
            )
            raise invalid_request(f"{given} on /v2; send one of: {', '.join(accepted)}.")

    def _as_error(self, fault: Fault, world: World) -> Exception:
        forbidden = api_inaccessible() if self.api else missing_permission("acct_revoked")
        errors: dict[FaultName, Callable[[], Exception]] = {
            FaultName.DROP_REQUEST: _Cut,
            FaultName.SERVER_ERROR: lambda: server_error(fault.status),
            FaultName.RATE_LIMITED: lambda: too_many_requests(fault.reason),
            FaultName.CAP_REACHED: lambda: cap_reached(0, with_reason=world.settings.cap_reason_header),
            FaultName.UNAUTHORIZED: lambda: invalid_key("sk_test_revoked_in_the_sandbox"),
            FaultName.FORBIDDEN: lambda: forbidden,
        }
        return errors[fault.name]()

    def _cut(self, world: World) -> Response:
        world.counts.answered(self.operation, "cut")
        # Starlette only calls what an endpoint returns; the cut is no response, but it is called like one.
        return CutConnection()  # type: ignore[return-value]


async def unknown_route(request: Request, exc: Exception) -> Response:
    """Answers the JSON that Stripe has for a path or a method it does not know."""
    del exc
    return _with_id(no_such_url(request.method, request.url.path))


async def broken(request: Request, exc: Exception) -> Response:
    """Answers where the sandbox itself has a bug; the traceback is in its log."""
    del request, exc
    return _with_id(server_error(500))


def _with_id(error: ApiError) -> Response:
    response = error.response()
    response.headers["Request-Id"] = _new_request_id()
    return response


def _new_request_id() -> str:
    return f"req_v2{secrets.token_hex(8)}"


def _count_refusal(world: World, error: ApiError) -> None:
    if isinstance(error, LimitError):
        is_cap = error.limit is Limit.CAP
        world.counts.refusals["cap" if is_cap else error.reason or f"no {REASON_HEADER}"] += 1
