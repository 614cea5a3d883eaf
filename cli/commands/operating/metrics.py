"""Prints metrics for Prometheus once, or serves them until it is stopped: `forebay metrics`."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Annotated

import typer

from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.metrics_source import MetricsSource, open_metrics
from forebay.cli.output import plain_text
from forebay.config.api_base import is_loopback
from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.metrics.metrics_server import make_metrics_server


def metrics(
    serve: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Serve them at /metrics; a port alone is this machine's. 0: a free one."
        ),
    ] = None,
) -> int:
    """Print metrics for Prometheus, or serve them.

    Served beyond this machine they need FOREBAY_METRICS_TOKEN, which whoever scrapes shows as a bearer token.
    """
    settings = Settings()
    address = None if serve is None else _address(serve, settings)
    with open_deployment(settings) as deployment:
        source = open_metrics(deployment)
        if address is None:
            source.ledger.read()
            plain_text.say_text(source.text())
            return Exit.OK
        with _listening(address, settings, source) as server, source.ledger.watching():
            _serve_until_stopped(server)
    return Exit.OK


def _address(serve: str, settings: Settings) -> tuple[str, int]:
    """Reads where to listen. Raises ConfigError where everybody could read what only a token should show."""
    host, _, port = serve.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65_535:
        raise typer.BadParameter(f"'{serve}' is no HOST:PORT, such as 127.0.0.1:9420")
    if settings.metrics_token is None and not is_loopback(host):
        raise ConfigError(
            f"metrics at {host} could be read by everybody who reaches it: set FOREBAY_METRICS_TOKEN, and have "
            "Prometheus send it (docs/metrics.md)"
        )
    return host, int(port)


@contextmanager
def _listening(address: tuple[str, int], settings: Settings, source: MetricsSource) -> Iterator[ThreadingHTTPServer]:
    host, port = address
    try:
        server = make_metrics_server(address, source.text, settings.metrics_token)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; port 0 takes a free one") from None
    with server:
        shown = f"[{host}]" if ":" in host else host
        plain_text.say(f"metrics at http://{shown}:{server.server_address[1]}/metrics")
        yield server


def _serve_until_stopped(server: ThreadingHTTPServer) -> None:
    """Serves until SIGTERM or SIGINT."""
    stopping = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in numbers}
    try:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        stopping.wait()
    finally:
        server.shutdown()
        for number, handler in before.items():
            signal.signal(number, handler)
