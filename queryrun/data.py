"""Speaks the data dialect: `/v2/data/query_runs`, the successor of the reporting one, from 2026-10-28.preview on.

There is one dataset and one format so far, and both have to be named. Its word for the content of a result is `csv`,
of a zip too. Source: the types of stripe-python 16.1.0a4, and docs.stripe.com/data/api/queries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from forebay.queryrun.models import QueryRun
from forebay.queryrun.query_run_reply import read_query_run
from forebay.queryrun.wire import as_object, json_object


@dataclass(frozen=True, slots=True)
class DataDialect:
    """Paths, body and object of `/v2/data/query_runs`."""

    @property
    def create_path(self) -> str:
        return "/v2/data/query_runs"

    @property
    def id_prefix(self) -> str:
        return "qrun_"

    def body(self, *, sql: str, compress: bool) -> bytes:
        request: dict[str, Any] = {"dataset": "analytical", "format": "csv", "query": {"sql": sql}}
        if compress:
            request["result_options"] = {"compress_file": True}
        return json.dumps(request, separators=(",", ":")).encode()

    def parse(self, body: bytes, *, request_id: str | None) -> QueryRun:
        reply = json_object(body)
        return read_query_run(reply, sql=as_object(reply.get("query")).get("sql"), request_id=request_id)
