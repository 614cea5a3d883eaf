"""Shapes the reporting dialect, the older generation: POST and GET /v2/data/reporting/query_runs."""

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr
from starlette.requests import Request

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.events.thin_events import rfc3339_ms
from forebay.sandbox.http.presenting import file_fields
from forebay.sandbox.http.query_runs import SandboxDialect, Shown, fingerprint
from forebay.sandbox.runs import AskedRun, SandboxRun, SpooledResult
from forebay.sandbox.world import World


class _ReportingOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    compress_file: StrictBool = False
    result_type: StrictStr | None = None
    """In the guide's samples, in no schema: taken and ignored."""


class _ReportingBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sql: StrictStr = Field(min_length=1)
    result_options: _ReportingOptions | None = None


def _read(body: object) -> AskedRun:
    read = _ReportingBody.model_validate(body)
    compress = read.result_options is not None and read.result_options.compress_file
    return AskedRun(api=SandboxApi.REPORTING, sql=read.sql, compress=compress, fingerprint=fingerprint(read))


def _present(request: Request, world: World, run: SandboxRun) -> Shown:
    details = {"failed": {"error_code": run.failure.code, "error_message": run.failure.message}} if run.failure else {}
    return {
        "id": run.id,
        "object": SandboxApi.REPORTING.object,
        "created": rfc3339_ms(run.created_at),
        "livemode": run.livemode,
        "result": _present_result(request, world, run.result) if run.result else None,
        "result_options": {"compress_file": run.compress},
        "sql": run.sql,
        "status": run.status.value,
        "status_details": details,
    }


def _present_result(request: Request, world: World, result: SpooledResult) -> Shown:
    return {"type": "file", "file": {"content_type": result.content_type, **file_fields(request, world, result)}}


ROUTES = SandboxDialect(api=SandboxApi.REPORTING, read=_read, present=_present).routes()
