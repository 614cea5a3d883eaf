"""Runs the application: in the foreground for people, or in a thread for tests and demos.

The socket is bound before the data set is built and announced only after, so the one line on stdout means that
requests are accepted, and port 0 is known from the first moment.
"""

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn

from forebay.sandbox.http.asgi import create_app
from forebay.sandbox.http.sever import SeverableProtocol
from forebay.sandbox.sandbox_settings import SandboxSettings

# Open downloads get this long at the end; runs are interrupted at once.
_GRACE_S = 1


_HOW_TO_USE = """\
to point Forebay at it, paste:
  export FOREBAY_API_BASE={url}
  export STRIPE_API_KEY=rk_test_sandbox
any key that begins like one of Stripe's is taken: rk_test_… or rk_live_…; sk_org_test_… and sk_org_live_… are the
organization's. Stop it with Ctrl-C.
"""


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def run(settings: SandboxSettings) -> None:
    """Serves until SIGTERM or SIGINT."""
    with _listen(settings) as listener:
        url = _url(listener)

        def announce() -> None:
            # The address first, on a line of its own, for programs that start a sandbox and read it.
            sys.stdout.write(f"sandbox listening on {url}\n{_HOW_TO_USE.format(url=url)}{_told_secret(settings)}")
            sys.stdout.flush()

        # uvicorn raises the signal again once it has shut down; this turns that into a clean exit.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with suppress(KeyboardInterrupt):
            _AnnouncingServer(_config(settings), announce).run(sockets=[listener])


def _told_secret(settings: SandboxSettings) -> str:
    """Tells the secret that was made up, this once; who gave one knows it."""
    if settings.webhook is None or "webhook_secrets" in settings.model_fields_set:
        return ""
    return f"webhooks are signed with {settings.webhook_secrets[0].get_secret_value()}\n"


#: How long a sandbox in a thread may take to stop.
STOP_S = 15


@contextmanager
def running(settings: SandboxSettings) -> Iterator[str]:
    """Runs a sandbox in a thread of this process for as long as the block lasts; yields its URL."""
    with _listen(settings) as listener:
        ready = threading.Event()
        server = _AnnouncingServer(_config(settings), ready.set)
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listener])), name="sandbox", daemon=True
        )
        thread.start()
        try:
            while not ready.wait(0.05):
                if not thread.is_alive():
                    raise RuntimeError("the sandbox did not start; its log on stderr says why")
            yield _url(listener)
        finally:
            server.should_exit = True
            # Bounded and said aloud: DuckDB has been seen not to come back from an interrupted query.
            thread.join(STOP_S)
            if thread.is_alive():
                raise RuntimeError(f"the sandbox did not stop within {STOP_S} s; a query of it goes on")


def _config(settings: SandboxSettings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        http=SeverableProtocol,
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_S,
        # Clients keep connections for minutes between polls; closing them early only makes noise in their logs.
        timeout_keep_alive=75,
    )


@contextmanager
def _listen(settings: SandboxSettings) -> Iterator[socket.socket]:
    # The protocol by name: asyncio turns Nagle off only on sockets that say TCP, and 40 ms an answer are the price.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        yield listener
    finally:
        listener.close()


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
