"""Speaks the reporting dialect: `/v2/data/reporting/query_runs`, from 2026-04-22.preview on.

Reads as much as a reply offers and insists on an id and a status only: `size` is documented as an integer and sent as
a string, timestamps have nine fractional digits, `status_details` has had three shapes (absent, keyed by status, flat),
and the rest of a preview may change any day. Source: the Query Run page, and Stripe's published preview spec.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.models import QueryRun, ResultFile, RunFailure, sql_sha256
from forebay.queryrun.wire import as_object, instant, json_object, name, text

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(frozen=True, slots=True)
class ReportingDialect:
    """Paths, body and object of `/v2/data/reporting/query_runs`."""

    @property
    def create_path(self) -> str:
        return "/v2/data/reporting/query_runs"

    def retrieve_path(self, query_run_id: str) -> str:
        return f"{self.create_path}/{quote(query_run_id, safe='')}"

    def body(self, *, sql: str, compress: bool) -> bytes:
        # `result_type`, which samples show, is in no schema: never sent.
        request: dict[str, Any] = {"sql": sql}
        if compress:
            request["result_options"] = {"compress_file": True}
        return json.dumps(request, separators=(",", ":")).encode()

    def parse(self, body: bytes, *, request_id: str | None) -> QueryRun:
        reply = json_object(body)
        run_id, status = reply.get("id"), reply.get("status")
        if not isinstance(run_id, str) or _ID.fullmatch(run_id) is None or not isinstance(status, str):
            raise ProviderError("Stripe's reply is no QueryRun", status=200, request_id=request_id)
        status = name(status)
        livemode = reply.get("livemode")
        return QueryRun(
            id=run_id,
            status=status,
            livemode=livemode if isinstance(livemode, bool) else None,
            created=instant(reply.get("created")),
            result=_result(reply.get("result")),
            failure=_failure(status, reply.get("status_details")) if status in ("failed", "canceled") else None,
            sql_sha256=_sql_sha256(reply.get("sql")),
            request_id=request_id,
        )


def _sql_sha256(value: object) -> str | None:
    return sql_sha256(value) if isinstance(value, str) else None


def _result(value: object) -> ResultFile | None:
    file = as_object(as_object(value).get("file"))
    download = file.get("download_url")
    place = {"url": download} if isinstance(download, str) else as_object(download)
    url = place.get("url")
    if not isinstance(url, str) or not url:
        return None
    return ResultFile(
        content_type=name(file.get("content_type")).removeprefix("application/").removeprefix("text/"),
        url=SecretStr(url),
        expires_at=instant(place.get("expires_at")),
        size_bytes=_size(file.get("size")),
        columns=_columns(file),
    )


def _columns(file: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Reads them where they are told: the private preview has a `schema`, the successor of this API `columns`."""
    told = file.get("columns") or file.get("schema")
    listed = told if isinstance(told, list) else as_object(told).get("columns")
    columns = [as_object(each) for each in listed] if isinstance(listed, list) else []
    named = [(each["name"], text(each.get("type"))) for each in columns if isinstance(each.get("name"), str)]
    return tuple(named) if len(named) == len(columns) else ()


def _failure(status: str, details: object) -> RunFailure:
    flat = as_object(details)
    reason = as_object(flat.get(status)) or flat
    code = name(reason.get("error_code") or reason.get("code"))
    message = text(reason.get("error_message") or reason.get("message"))
    return RunFailure(code=code or None, message=message or f"Stripe gave no reason for the status {status}")


def _size(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        size = int(value)
    except ValueError:
        return None
    return size if size >= 0 else None
