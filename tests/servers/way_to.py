"""Stands between a client and a server, and goes away: at once, or in the midst of what the client does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class WayTo:
    """The way to a server, by a port of its own. After so many requests it is cut: then nobody listens there."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{self._port}"))
        self.requests = 0
        """How many went this way since `lead`; a pipeline is one."""
        self._cut_after: int | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listen()

    @property
    def is_cut(self) -> bool:
        return self._listener.fileno() == -1

    def lead(self, *, cut_after: int | None = None) -> None:
        """Leads there from now on, for so many requests."""
        self.cut()
        self.requests, self._cut_after = 0, cut_after
        if cut_after != 0:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._listen()

    def cut(self) -> None:
        """Hangs up on all, and takes nobody any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        with self._lock:
            for each in self._open:
                _end(each)
            self._open.clear()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._server)
                with self._lock:
                    if listener.fileno() == -1:  # cut since it was accepted
                        _end(client)
                        _end(server)
                        return
                    self._open |= {client, server}
                for carry, ends in ((self._ask, (client, server)), (_answer, (server, client))):
                    threading.Thread(target=carry, args=ends, daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while request := client.recv(1 << 20):
                with self._lock:
                    self.requests += 1
                    over = self._cut_after is not None and self.requests > self._cut_after
                if over:
                    self.cut()
                    break
                server.sendall(request)
        with self._lock:
            self._open -= {client, server}
        _end(client)
        _end(server)


def _answer(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while answer := server.recv(1 << 20):
            client.sendall(answer)
    _end(client)


def _end(connected: socket.socket) -> None:
    """Hangs up; who waits at it in another thread wakes."""
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
    connected.close()


@contextmanager
def way_to(url: str) -> Iterator[WayTo]:
    """Opens a way to the server of this URL."""
    way = WayTo(url)
    try:
        yield way
    finally:
        way.cut()
