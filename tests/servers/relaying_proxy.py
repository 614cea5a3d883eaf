"""A proxy that lets everybody through to one server, whomever they ask for."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.servers import tcp


@contextmanager
def proxy_to(url: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Serves on a free loopback port; yields the proxy's URL, and what it was asked."""
    server = urlsplit(url)

    def relay(connected: socket.socket) -> None:
        with socket.create_connection((server.hostname, server.port)) as behind:
            connected.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            both = [connected, behind]
            while True:
                for ready in select.select(both, [], [])[0]:
                    data = ready.recv(65_536)
                    if not data:
                        return
                    both[1 - both.index(ready)].sendall(data)

    with tcp.server(relay, tls) as proxy_and_asked:
        yield proxy_and_asked
