"""A Stripe that answers creates only when it is told to: a test can let things happen in the midst of one."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

#: Longer than any test waits.
_AT_MOST_S = 60.0


@dataclass
class HoldingStripe:
    """What it was asked, and whether it answers."""

    url: str = ""
    begun: list[str] = field(default_factory=list)
    """Idempotency keys of the creates that have arrived."""
    answering: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def holding_stripe() -> Iterator[HoldingStripe]:
    """Serves on a free loopback port."""
    stripe = HoldingStripe()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize: ClassVar[int] = -1  # head and body in one segment

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stripe.begun.append(self.headers["Idempotency-Key"])
            stripe.answering.wait(_AT_MOST_S)
            self._reply({"id": f"qryrun_{self.headers['Idempotency-Key']}", "status": "running", "livemode": False})

        def do_GET(self) -> None:
            self._reply({"id": self.path.rsplit("/", 1)[-1], "status": "running", "livemode": False})

        def _reply(self, said: dict[str, object]) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stripe.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stripe
    finally:
        stripe.answering.set()
        server.shutdown()
        server.server_close()
        thread.join()
