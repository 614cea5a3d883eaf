"""Makes a Celery worker of this process: `forebay worker`, or the embedded default's."""

import socket
from collections.abc import Callable

from forebay.config.connections import Connection

#: Steps at a time, each in a thread.
CONCURRENCY = 16


def load_worker() -> None:
    """Loads what a worker is made of, but for what reads settings: so much can be done before those are known."""
    from forebay.worker import bootsteps  # noqa: F401
    from forebay.worker.steps import carry_out, sweep_step  # noqa: F401


def become_worker(
    queues: str,
    concurrency: int = CONCURRENCY,
    *,
    hold_key: Callable[[Connection], None] | None = None,
) -> int:
    """Becomes the worker; returns its exit code: 0 after the shutdown that somebody asked for, and else not.

    `hold_key` is called before a connection's key is used for the first time.
    """
    # Reads settings and makes the Celery app: only a process that becomes a worker may pay for that.
    from forebay.worker.app import app, runtime

    # What is wrong with the set-up is one sentence here, and a traceback in the midst of Celery's start.
    opened = runtime()
    opened.hold_key = hold_key or opened.hold_key
    name = f"{queues.replace(',', '-')}@{socket.gethostname()}"
    worker = app.Worker(hostname=name, queues=queues, concurrency=concurrency, loglevel="INFO")
    worker.start()
    return int(worker.exitcode)
