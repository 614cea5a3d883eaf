"""Reads a page of a list of Stripe's, and where it goes on: on the API's host and at the same path, or nowhere.

Source: `next_page_url` of the lists of v2. It is relative, holds the filters already, and is followed as it is. The key
goes where it leads, so it is followed nowhere else.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.wire import json_object

#: What an address may be made of, and as much of it as any server takes.
_QUERY = re.compile(r"[!-~]{0,8192}")


def read_list(
    body: bytes, *, path: str, what: str, api_base: str, request_id: str | None
) -> tuple[list[Any], str | None]:
    """Reads a page of a list of `what` that lies at `path`: its elements, and where the next page is, if there is one.

    Raises ProviderError if it is none, or if the next one is said to be elsewhere.
    """
    reply = json_object(body)
    listed, next_url = reply.get("data"), reply.get("next_page_url")
    if not isinstance(listed, list) or not isinstance(next_url, str | None):
        raise ProviderError(f"Stripe's reply is no list of {what}", status=200, request_id=request_id)
    if not next_url:
        return listed, None
    return listed, _next_path(next_url, path=path, what=what, api_base=api_base, request_id=request_id)


def _next_path(url: str, *, path: str, what: str, api_base: str, request_id: str | None) -> str:
    """Gives the path and query of the next page of `what`, which lies at `path`. Raises ProviderError."""
    try:
        parts = urlsplit(url)
        elsewhere = bool(parts.netloc) and (parts.scheme, parts.netloc) != urlsplit(api_base)[:2]
    except ValueError:
        elsewhere, parts = True, urlsplit("")
    if elsewhere or parts.path != path:
        raise ProviderError(f"Stripe's list of {what} goes on elsewhere", status=200, request_id=request_id)
    if _QUERY.fullmatch(parts.query) is None:
        raise ProviderError(f"Stripe's list of {what} goes on where it cannot be asked for", request_id=request_id)
    return f"{parts.path}?{parts.query}"
