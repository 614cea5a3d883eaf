"""Serves `bench.landing`: a host of results that is quicker than who fetches, and an S3 that keeps nothing.

    python -m bench.landing_servers host FOLDER | maker | sink

Each prints its port. All are made of sockets alone, since theirs is not the time to measure.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.landing_bodies import body_named

_UPLOAD = "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>"
_COMPLETE = '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'


class _Connection:
    """One peer's requests, one after the other."""

    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self._read = b""
        self._scratch = bytearray(1 << 20)

    def requests(self) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """Yields method, path and headers (by lower-case names) of each; its body is still to be read."""
        while True:
            while b"\r\n\r\n" not in self._read:
                data = self.peer.recv(1 << 16)
                if not data:
                    return
                self._read += data
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            method, path, _ = first.split(" ")
            yield (
                method,
                path,
                {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)},
            )

    def discard(self, count: int) -> None:
        """Reads a body and forgets it."""
        at_hand = min(count, len(self._read))
        self._read, left = self._read[at_hand:], count - at_hand
        while left:
            got = self.peer.recv_into(memoryview(self._scratch)[: min(left, len(self._scratch))])
            if not got:
                raise ConnectionError("the body ended early")
            left -= got

    def answer(self, headers: Mapping[str, object], body: str = "") -> None:
        """Sends an answer with status 200."""
        named = {"content-length": len(body), **headers}
        lines = [f"{name}: {value}" for name, value in named.items()]
        self.peer.sendall("\r\n".join(["HTTP/1.1 200 OK", *lines, "", body]).encode())


def host(folder: Path) -> Callable[[_Connection], None]:
    """Serves the files of a folder, straight from the kernel."""

    def serve(connection: _Connection) -> None:
        for method, path, _ in connection.requests():
            with (folder / path.strip("/").partition("?")[0]).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                connection.answer({"content-length": size, "content-type": "binary/octet-stream"})
                if method == "GET":
                    connection.peer.sendfile(file)

    return serve


def maker() -> Callable[[_Connection], None]:
    """Serves bodies that lie nowhere: `/zip/50000` is a zip of so many megabytes of CSV, `/csv/5000` a CSV."""

    def serve(connection: _Connection) -> None:
        for _, path, _ in connection.requests():
            body = body_named(path)
            connection.answer({"content-length": body.size, "content-type": "binary/octet-stream"})
            for piece in body.pieces:
                connection.peer.sendall(piece)

    return serve


def sink() -> Callable[[_Connection], None]:
    """Takes objects as S3 does, and knows of the last one how large it was."""
    size = {"of parts": 0}
    lock = threading.Lock()

    def serve(connection: _Connection) -> None:
        for method, path, headers in connection.requests():
            if headers.get("expect"):
                connection.peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            count = int(headers.get("content-length", 0))
            connection.discard(count)
            if method == "POST":
                begins = "uploads" in path
                if begins:
                    size["of parts"] = 0
                connection.answer({}, _UPLOAD if begins else _COMPLETE)
            elif method == "PUT":
                with lock:
                    came = int(headers.get("x-amz-decoded-content-length", count))
                    size["of parts"] = came + (size["of parts"] if "partNumber" in path else 0)
                crc = headers.get("x-amz-checksum-crc32")
                connection.answer({"etag": '"e"', **({"x-amz-checksum-crc32": crc} if crc else {})})
            else:
                connection.answer({"content-length": size["of parts"]})

    return serve


def _quietly(serve: Callable[[_Connection], None], peer: socket.socket) -> None:
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            serve(_Connection(peer))
        except ConnectionError:
            return  # who has what it wanted goes


def main() -> None:
    which, *folder = sys.argv[1:]
    serve = host(Path(folder[0])) if which == "host" else {"maker": maker, "sink": sink}[which]()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            peer, _ = server.accept()
            threading.Thread(target=_quietly, args=(serve, peer), daemon=True).start()


if __name__ == "__main__":
    main()
