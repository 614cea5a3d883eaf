"""Peers that speak HTTP badly, on real sockets of the loopback."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Accepts connections, reads one request of each, then does `answer`. Yields its URL and the requests."""
    requests: list[bytes] = []
    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not closing.is_set():
            accepted, _ = listener.accept()
            with tls.wrap_socket(accepted, server_side=True) if tls else accepted as connected:
                while request := connected.recv(65_536):
                    requests.append(request)
                    answer(connected)

    thread = threading.Thread(target=_quietly(serve), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        listener.close()
        thread.join(5)


def _quietly(serve: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            serve()
        except OSError:
            """The listener was closed, or the client went away: both are the end of the test."""

    return run


def dripping(drops: Iterable[bytes], *, head: bytes = b"", every_s: float = 0.01) -> Answer:
    """Sends `head`, then a drop now and then, until the drops or the client's patience end."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(head)
        for drop in drops:
            connected.sendall(drop)
            # The client's hanging up is what is waited for; a time-out means that it still listens.
            connected.settimeout(every_s)
            try:
                if not connected.recv(1):
                    break
            except TimeoutError:
                """The next drop."""
        connected.close()

    return answer


def flooding(head: bytes, block: bytes) -> Answer:
    """Sends `head`, then `block` for ever."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(head)
        for each in itertools.repeat(block):
            connected.sendall(each)

    return answer
