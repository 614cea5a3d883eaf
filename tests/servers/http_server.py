"""An HTTP server of a test's own: it says what each request is answered with, here is all else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class Handler(BaseHTTPRequestHandler):
    """Answers in a word; what it does not log, nobody would read."""

    protocol_version = "HTTP/1.1"
    wbufsize: ClassVar[int] = -1  # head and body in one segment

    def sent(self) -> bytes:
        """The body of the request; to be read before it is answered."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, said: object, status: int = 200) -> None:
        self.answer(status, json.dumps(said).encode(), content_type="application/json")

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves on a free loopback port; yields the URL, without a slash at its end."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
