"""Stands between the product and the S3 server, and breaks what passes: refuses, stalls, loses, cuts.

The server behind it is one that others wrote and knows nothing of this; `forebay` sees one endpoint.
"""

import http.client
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Trouble(StrEnum):
    """What becomes of a request."""

    DENIED = "AccessDenied"  # 403
    SLOW_DOWN = "SlowDown"  # 503
    BROKEN = "InternalError"  # 500
    FULL = "StorageFull"  # 507, as MinIO says it
    STALLED = "stalled"  # nothing is answered until the trouble is over
    LOST = "lost"  # done, and the answer never comes
    CUT = "cut"  # the connection is gone before anything is done


STATUS = {Trouble.DENIED: 403, Trouble.SLOW_DOWN: 503, Trouble.BROKEN: 500, Trouble.FULL: 507}
#: What only reads, and what changes something.
READS, WRITES = frozenset({"GET", "HEAD"}), frozenset({"PUT", "POST", "DELETE"})
_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


@dataclass(slots=True)
class _Armed:
    trouble: Trouble
    share: float
    methods: frozenset[str]
    dice: random.Random
    over: threading.Event = field(default_factory=threading.Event)


class StoreProxy:
    """One endpoint, with the troubles that are armed now."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()
        self.struck = 0
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["StoreProxy"]:
        """Serves for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, name="store proxy", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    @contextmanager
    def breaking(
        self, trouble: Trouble, dice: random.Random, *, share: float = 1, methods: frozenset[str] = READS | WRITES
    ) -> Iterator[None]:
        """Breaks a share of the requests for as long as the block lasts."""
        armed = _Armed(trouble, share, methods, random.Random(dice.getrandbits(32)))
        with self._lock:
            self._armed.append(armed)
        try:
            yield
        finally:
            with self._lock:
                self._armed.remove(armed)
            armed.over.set()

    def trouble(self, method: str) -> _Armed | None:
        """Decides what becomes of a request."""
        with self._lock:
            for armed in self._armed:
                if method in armed.methods and armed.dice.random() < armed.share:
                    self.struck += 1
                    return armed
        return None

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection to the server behind."""
        assert self._upstream.hostname
        return http.client.HTTPConnection(self._upstream.hostname, self._upstream.port, timeout=60)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of peers that are gone: they are killed here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    owner: StoreProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._behind = self.owner.connect()

    def finish(self) -> None:
        self._behind.close()
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Logs nothing."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        armed = self.owner.trouble(self.command)
        if armed is None:
            self._answer(*self._ask(body))
        elif armed.trouble in STATUS:
            self._refuse(armed.trouble)
        elif armed.trouble is Trouble.STALLED:
            armed.over.wait()
            self._answer(*self._ask(body))
        else:
            if armed.trouble is Trouble.LOST:
                self._ask(body)
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in (*_HOP, "expect")}
        try:
            self._behind.request(self.command, self.path, body or None, headers)
            answer = self._behind.getresponse()
        except (http.client.HTTPException, OSError):  # it closed an idle connection: once more on a new one
            self._behind.close()
            self._behind = self.owner.connect()
            self._behind.request(self.command, self.path, body or None, headers)
            answer = self._behind.getresponse()
        return answer, answer.read()

    def _answer(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in (*_HOP, "content-length"):
                self.send_header(name, value)
        # What a HEAD says of the length is the object's; else the body tells.
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, trouble: Trouble) -> None:
        body = f"<Error><Code>{trouble}</Code><Message>the proxy was told so</Message></Error>".encode()
        self.send_response(STATUS[trouble])
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
