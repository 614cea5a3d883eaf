"""Asks which tables and columns SQL can name, the server at the other end of a connection. For `forebay schema`.

Only the sandbox tells (`GET /sandbox/schema`): Stripe's own list, `/v2/data/schemas`, belongs to the successor of the
Query Run API, which this client does not speak yet. No key is sent; the names of tables are no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from forebay.queryrun.bounded_http import BoundedHttp, ReplyBounds
from forebay.queryrun.errors import NotFoundError, ProviderError
from forebay.queryrun.wire import json_object

_TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=5.0, pool=5.0)
#: All tables of Sigma with their columns are some 200 KiB.
_BOUNDS = ReplyBounds(whole_s=45.0, most_bytes=16 << 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    """As Trino calls it."""


def fetch_tables(
    api_base: str, *, proxy: str | None = None, transport: httpx.BaseTransport | None = None
) -> Mapping[str, tuple[Column, ...]]:
    """Fetches tables with their columns. NotFoundError where nobody tells them, ProviderError where nobody answers."""
    with BoundedHttp(base_url=api_base, timeout=_TIMEOUT, proxy=proxy, transport=transport) as http:
        try:
            answer = http.ask(http.request("GET", "/sandbox/schema"), _BOUNDS)
        except httpx.HTTPError as exc:
            raise ProviderError(f"no answer from {api_base}: {type(exc).__name__}") from exc
    if answer.status == 404:
        raise NotFoundError(f"{api_base} does not tell its tables", status=404)
    if not answer.is_success:
        raise ProviderError(f"{api_base} did not tell its tables", status=answer.status)
    try:
        return {
            table: tuple(Column(name=column["name"], type=column["type"]) for column in columns)
            for table, columns in json_object(answer.body)["tables"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ProviderError(f"{api_base} told its tables in a form that is not known here") from exc
