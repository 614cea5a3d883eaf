"""Cuts the connection under a request, which ASGI has no word for: the faults need it.

SeverableProtocol puts the transport into the scope; `sever` uses it and returns once the peer is gone.
"""

import asyncio
import socket
import struct
from typing import Any, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_KEY = "sandbox.transport"


class SeverableProtocol(H11Protocol):
    """uvicorn's protocol, whose requests can reach the transport below them."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Puts the transport into the scope of each request."""
        super().connection_made(transport)
        inner = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, _KEY: transport}, receive, send)

        self.app = cast("Any", with_transport)


class CutConnection:
    """An answer that never comes: stands where a Response would."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del send
        await sever(scope, receive, reset=False)


async def sever(scope: Scope, receive: Receive, *, reset: bool) -> None:
    """Closes after what was sent so far; with `reset` the peer gets RST instead of an orderly end."""
    transport: asyncio.Transport = scope[_KEY]
    if reset:
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
