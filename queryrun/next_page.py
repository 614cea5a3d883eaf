"""Says where a list of Stripe's goes on, which its reply names: on the API's host and at the same path, or nowhere.

Source: `next_page_url` of the lists of v2. It is relative, holds the filters already, and is followed as it is. The key
goes where it leads, so it is followed nowhere else. Used by `events_page` and `schemas_page`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from forebay.queryrun.errors import ProviderError

#: What an address may be made of, and as much of it as any server takes.
_QUERY = re.compile(r"[!-~]{0,8192}")


def next_path(url: str, *, path: str, what: str, api_base: str, request_id: str | None) -> str:
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
