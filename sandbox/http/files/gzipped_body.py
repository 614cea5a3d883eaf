"""Compresses a file on its way, as a proxy before a file host may: whatever was asked for, and without a length."""

import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from starlette.responses import Response, StreamingResponse

_CHUNK_BYTES = 256 * 1024
_GZIP_FRAME = 16 + zlib.MAX_WBITS


def compressed_on_the_way(path: Path, media_type: str) -> Response:
    """Makes the answer; it says how its body is encoded."""
    return StreamingResponse(_packed(path), headers={"Content-Encoding": "gzip"}, media_type=media_type)


async def _packed(path: Path) -> AsyncIterator[bytes]:
    gzip = zlib.compressobj(wbits=_GZIP_FRAME)
    async with await anyio.open_file(path, "rb") as file:
        while chunk := await file.read(_CHUNK_BYTES):
            yield gzip.compress(chunk)
    yield gzip.flush()
