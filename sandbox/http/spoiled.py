"""Spoils answers as no network would: bytes that drip, bodies without end, bombs, somebody else's page.

What an answer would have been is known here; what its peer must do is to read no more of it than it can bear.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import cache

from starlette.responses import HTMLResponse, Response, StreamingResponse

from forebay.sandbox.faults import Fault, FaultName

#: The faults that replace an answer by a worse one.
SPOILS = (FaultName.DRIP, FaultName.ENDLESS, FaultName.GZIP_BOMB, FaultName.HTML)

_PAGE = "<!doctype html><html><head><title>Sign in</title></head><body><p>This network asks you to sign in.</p></html>"
_BLOCK_BYTES = 10 << 20


def spoiled(fault: Fault, body: bytes, content_type: str) -> Response:
    """Makes the answer that stands in for one with this body."""
    match fault.name:
        case FaultName.DRIP:
            headers = {"Content-Length": str(len(body))}
            return StreamingResponse(_dripping(body, fault.delay_s), headers=headers, media_type=content_type)
        case FaultName.ENDLESS:
            return StreamingResponse(_endless(body), media_type=content_type)
        case FaultName.GZIP_BOMB:
            return StreamingResponse(_bomb(), headers={"Content-Encoding": "gzip"}, media_type=content_type)
        case _:
            return HTMLResponse(_PAGE)


async def _dripping(body: bytes, delay_s: float) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        yield body[number : number + 1]
        await asyncio.sleep(delay_s)


async def _endless(body: bytes) -> AsyncIterator[bytes]:
    """Goes on for as long as it is read: white space, which even JSON may end with."""
    yield body
    while True:
        yield b" \n" * 32_768
        await _be_told()


async def _bomb() -> AsyncIterator[bytes]:
    """Gives ten megabytes of zeros in ten kilobytes, again and again for as long as it is read."""
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    while True:
        yield _block()
        await _be_told()


async def _be_told() -> None:
    """Lets the event loop hear that the peer is gone: what is sent to nobody never waits."""
    await asyncio.sleep(0)


@cache
def _block() -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush ends at a byte and forgets all before it, so that blocks can follow each other.
    return deflate.compress(bytes(_BLOCK_BYTES)) + deflate.flush(zlib.Z_FULL_FLUSH)
