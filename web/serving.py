"""Runs an ASGI application on a socket until a signal, with a bound on everything that a peer may do.

uvicorn itself raises the signal again once it has shut down, which ends the process with 143; here it returns. And it
lets a connection be silent for as long as it likes, so a few hundred of them would keep everybody out.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

#: For the head of a request, from its first byte or from the connection on.
HEAD_S = 15.0
#: Between two requests; more than the 60 s after which load balancers close what is idle.
_KEEP_ALIVE_S = 75
#: Above it, requests are answered 503. Stripe sends some tens at once.
_MOST_CONNECTIONS = 500
#: For requests under way at the end.
_GRACE_S = 5


class _BoundedProtocol(H11Protocol):
    """uvicorn's protocol, which closes the connection of who begins a request and does not get to its body."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, transport.close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        in_body_or_answer = self.cycle is not None and not self.cycle.response_complete
        if in_body_or_answer:
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Tells who answers without an end, so that nobody waits for that."""
        self._ending()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends on a signal, and does not raise it again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may have handlers
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """Opens the port; yields it with its URL, in which port 0 has become one that was free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: asyncio turns Nagle off only on sockets that say TCP, and 40 ms an answer are the price.
    with closing(socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        yield listener, f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def make_server(
    application: ASGIApp, started: Callable[[], None], ending: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """Makes what serves until SIGTERM or SIGINT when it is run.

    It calls `started` once requests are accepted, and `ending` when a signal has come.
    """
    config = uvicorn.Config(
        application,
        http=_BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # not a line for each request that is none: who sends those, sends many
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return _Server(config, started, ending)
