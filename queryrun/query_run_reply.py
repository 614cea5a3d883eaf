"""Reads the QueryRun in a reply of whichever generation: what dialects share, since both show the same in other places.

Reads as much as a reply offers and insists on an id and a status only: int64 travels as a string where an integer is
documented, timestamps have nine fractional digits, `status_details` has had three shapes (absent, keyed by status,
flat), and the rest of a preview may change any day. Sources: the pages of both Query Run APIs, Stripe's published
preview spec, and the types of its preview SDKs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.models import QueryRun, ResultFile, RunFailure, sql_sha256
from forebay.queryrun.wire import as_object, instant, name, text

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def read_query_run(reply: Mapping[str, Any], *, sql: object, request_id: str | None) -> QueryRun:
    """Reads it; `sql` is what the reply says that it runs, if it does. ProviderError if it is no QueryRun at all."""
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
        refreshed_at=instant(reply.get("refreshed_at")),
        result=_result(as_object(reply.get("result"))),
        failure=_failure(status, reply.get("status_details")) if status in ("failed", "canceled") else None,
        sql_sha256=sql_sha256(sql) if isinstance(sql, str) else None,
        request_id=request_id,
    )


def _result(result: Mapping[str, Any]) -> ResultFile | None:
    file = as_object(result.get("file"))
    download = file.get("download_url")
    place = {"url": download} if isinstance(download, str) else as_object(download)
    url = place.get("url")
    if not isinstance(url, str) or not url:
        return None
    return ResultFile(
        content_type=name(file.get("content_type")).removeprefix("application/").removeprefix("text/"),
        url=SecretStr(url),
        expires_at=instant(place.get("expires_at")),
        size_bytes=_count(file.get("size")),
        rows=_count(result.get("row_count")),
        columns=_columns(file),
    )


def _columns(file: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Reads them where they are told: as `columns`, or in the private preview of the older generation as `schema`."""
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


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        count = int(value)
    except ValueError:
        return None
    return count if count >= 0 else None
