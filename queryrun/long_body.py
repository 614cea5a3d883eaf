"""Reads a long body straight from its connection, once httpx has read its head: `bounded_http` yields it at a pace.

h11 and httpcore copy each byte of a body three times. Where its length is known nothing is left to be understood of
what follows but where it ends. The connection ends with it.
"""

from collections.abc import Iterator

import httpcore
import httpx

from forebay.queryrun.deadline import DeadlineStream

#: Of less, the connection is worth more: who fetches many small results uses it again.
LONG_BYTES = 2 << 20
#: What httpcore asks for, too; a `DeadlineStream` gives more, if it is at hand.
ASKED_BYTES = 64 << 10


def body_chunks(response: httpx.Response) -> Iterator[bytes]:
    """Yields the body of an open answer as it comes; it has no encoding. Raises `httpx.RequestError`."""
    stream, length = response.extensions.get("network_stream"), declared_bytes(response) or 0
    came = 0
    # Held to the end: where it is let go the connection is closed.
    chunks = response.iter_bytes()
    for chunk in chunks:
        came += len(chunk)
        yield chunk
        # Each chunk is all that h11 held, so the next byte is still in the connection.
        if isinstance(stream, DeadlineStream) and length - came >= LONG_BYTES:
            yield from _rest(stream, response.request, length - came)
            return


def _rest(stream: DeadlineStream, request: httpx.Request, length: int) -> Iterator[bytes]:
    timeout_s = request.extensions.get("timeout", {}).get("read")
    while length:
        try:
            # What follows a body is nobody's.
            piece = stream.read(ASKED_BYTES, timeout_s)[:length]
        except httpcore.TimeoutException as error:
            raise httpx.ReadTimeout(str(error), request=request) from error
        except httpcore.NetworkError as error:
            raise httpx.ReadError(str(error), request=request) from error
        if not piece:
            raise httpx.RemoteProtocolError("the connection ended before the body did", request=request)
        length -= len(piece)
        yield piece


def declared_bytes(response: httpx.Response) -> int | None:
    """Reads the length that the network holds the body to, fewer bytes are an error of it; None of one in chunks."""
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and "transfer-encoding" not in response.headers else None
