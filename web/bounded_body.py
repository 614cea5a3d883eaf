"""Reads the body of a request within bounds: of the API, of a form, of a webhook."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from forebay.web.errors import TooLong


async def read_within(request: Request, most_bytes: int, within_s: float) -> bytes:
    """Gives it whole, as it came. Raises `TooLong`, and `TimeoutError` and `ClientDisconnect` where it did not come."""
    body = bytearray()
    async with asyncio.timeout(within_s):
        async for part in request.stream():
            body += part
            if len(body) > most_bytes:
                raise TooLong(f"a body has no more than {most_bytes:,} bytes")
    return bytes(body)
