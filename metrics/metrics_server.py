"""Serves metrics on a port of their own, for those who run no page: `forebay metrics --serve`.

By the standard library: whoever scrapes comes four times a minute, and needs no web server to be installed.
"""

import hmac
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import SecretStr

from forebay.metrics.exposition import CONTENT_TYPE

#: What who shows no token is told.
NO_TOKEN = "Authorization: Bearer with the token is needed\n"  # noqa: S105 - and no token
#: For the head of a request, and for taking the answer: whoever is slower is let go.
_SILENCE_S = 10.0


def is_allowed(authorization: str | None, token: SecretStr | None) -> bool:
    """Says whether a request may be answered: where there is a token, it has to be in its `Authorization`."""
    if token is None:
        return True
    expected = f"Bearer {token.get_secret_value()}"
    return hmac.compare_digest((authorization or "").encode(), expected.encode())


def make_metrics_server(
    address: tuple[str, int], text: Callable[[], str], token: SecretStr | None
) -> ThreadingHTTPServer:
    """Opens the port, which is served by `serve_forever`. Raises OSError."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENCE_S
        server_version, sys_version = "forebay", ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/healthz":  # a probe has no token, and learns that this process answers
                self._answer(200, "text/plain; charset=utf-8", "ok\n")
            elif path != "/metrics":
                self._answer(404, "text/plain; charset=utf-8", "metrics are at /metrics\n")
            elif not is_allowed(self.headers.get("Authorization"), token):
                self._answer(401, "text/plain; charset=utf-8", NO_TOKEN)
            else:
                self._answer(200, CONTENT_TYPE, text())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Says nothing of who asks: there is nothing to be learned of it."""

        def _answer(self, status: int, content_type: str, said: str) -> None:
            body = said.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", "Bearer")
            self.end_headers()
            self.wfile.write(body)

    return _MetricsServer(address, Handler)


class _MetricsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of a scraper that went away."""
