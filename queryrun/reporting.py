"""Speaks the reporting dialect: `/v2/data/reporting/query_runs`, from 2026-04-22.preview on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from forebay.queryrun.models import QueryRun
from forebay.queryrun.query_run_reply import read_query_run
from forebay.queryrun.wire import json_object


@dataclass(frozen=True, slots=True)
class ReportingDialect:
    """Paths, body and object of `/v2/data/reporting/query_runs`."""

    @property
    def create_path(self) -> str:
        return "/v2/data/reporting/query_runs"

    @property
    def id_prefix(self) -> str:
        return "qryrun_"

    def body(self, *, sql: str, compress: bool) -> bytes:
        # `result_type`, which samples show, is in no schema: never sent.
        request: dict[str, Any] = {"sql": sql}
        if compress:
            request["result_options"] = {"compress_file": True}
        return json.dumps(request, separators=(",", ":")).encode()

    def parse(self, body: bytes, *, request_id: str | None) -> QueryRun:
        reply = json_object(body)
        return read_query_run(reply, sql=reply.get("sql"), request_id=request_id)
