"""Shapes the data dialect, the younger generation: POST and GET /v2/data/query_runs."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr
from starlette.requests import Request

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.events.thin_events import rfc3339_ms
from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.inline_rows import asked_page, inline_rows
from forebay.sandbox.http.presenting import file_fields, nine_digits
from forebay.sandbox.http.query_runs import SandboxDialect, Shown, fingerprint
from forebay.sandbox.runs import AskedRun, SandboxRun, SpooledResult
from forebay.sandbox.world import World

_DATASET, _FORMAT = "analytical", "csv"


class _DataOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    compress_file: StrictBool = False


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sql: StrictStr = Field(min_length=1)


class _DataBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dataset: Literal["analytical"]
    format: Literal["csv"]
    query: _Query
    result_options: _DataOptions | None = None


def _read(body: object) -> AskedRun:
    read = _DataBody.model_validate(body)
    compress = read.result_options is not None and read.result_options.compress_file
    return AskedRun(api=SandboxApi.DATA, sql=read.query.sql, compress=compress, fingerprint=fingerprint(read))


def _present(request: Request, world: World, run: SandboxRun) -> Shown:
    shown: Shown = {
        "id": run.id,
        "object": SandboxApi.DATA.object,
        "created": nine_digits(run.created_ns),
        "dataset": _DATASET,
        "format": _FORMAT,
        "livemode": run.livemode,
        "query": {"sql": run.sql},
        "refreshed_at": rfc3339_ms(run.refreshed_at) if run.refreshed_at else None,
        "result": _present_result(request, world, run.result) if run.result else None,
        "result_options": {"compress_file": run.compress},
        "status": run.status.value,
        "status_details": _details(run, nulls=world.settings.data_nulls),
    }
    return shown if world.settings.data_nulls else _without_nulls(shown)


def _without_nulls(shown: Shown) -> Shown:
    return {name: value for name, value in shown.items() if value is not None}


def _details(run: SandboxRun, *, nulls: bool) -> Shown | None:
    details: Shown
    if run.failure:
        details = {"canceled_at": None, "code": run.failure.code, "message": run.failure.message}
    elif run.cancellation and run.ended_at:
        canceled_at = rfc3339_ms(run.ended_at)
        details = {"canceled_at": canceled_at, "code": None, "message": run.cancellation.message}
    else:
        return None
    return details if nulls else _without_nulls(details)


def _present_result(request: Request, world: World, result: SpooledResult) -> Shown:
    columns: list[Shown] = [{"name": column.name, "type": column.type} for column in result.columns]
    if odd := world.faults.strike(Operation.RETRIEVE, FaultName.ODD_COLUMN_TYPE):
        columns[0]["type"] = odd.shown or "geometry"
    page = asked_page(request) if request.method == "GET" else None
    return {
        **_counts(world, result),
        **({"inline": inline_rows(request, result, page, world.settings.inline_values)} if page else {}),
        "file": {
            "columns": columns,
            "content_type": "csv",  # of a zip, too: Stripe lists no other
            **file_fields(request, world, result),
        },
    }


def _counts(world: World, result: SpooledResult) -> Shown:
    if world.faults.strike(Operation.RETRIEVE, FaultName.NO_ROW_COUNT):
        return {"col_count": None, "row_count": None} if world.settings.data_nulls else {}
    wrong = world.faults.strike(Operation.RETRIEVE, FaultName.WRONG_ROW_COUNT)
    row_count = result.row_count + (wrong.rows if wrong else 0)
    return {"col_count": str(len(result.columns)), "row_count": str(row_count)}


ROUTES = SandboxDialect(api=SandboxApi.DATA, read=_read, present=_present, params=frozenset({"limit", "page"})).routes()
