"""Bounds the end of a worker process: whatever hangs is named, and does not keep the process.

A step is never lost by this: its run is due again when its custody ends, and another process takes it up.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

#: A thread of ours ends after its present round: some commands of Redis, some requests to a store.
JOIN_S = 20.0
#: All of a warm shutdown: longer than the longest call to Stripe (45 s), and shorter than the 60 s after which
#: `docker-compose.yml` kills, in silence.
SHUTDOWN_S = 55.0

#: The exit code of a process that was asked to end and that something kept.
HUNG = 11


def join_within(thread: threading.Thread, parent: Any) -> None:
    """Waits for a thread that was told to end; of one that does not, `parent`, Celery's worker, ends non-zero."""
    if not thread.is_alive():
        return
    thread.join(JOIN_S)
    if thread.is_alive():
        log.error("%s did not end within %.0f s", thread.name, JOIN_S, extra={"event": "hung"})
        parent.exitcode = HUNG


def end_within(
    seconds: float, under_way: Callable[[], list[str]], end: Callable[[int], object] = os._exit
) -> threading.Timer:
    """Ends this process if it has not ended by itself by then, and says what it was at."""

    def give_up() -> None:
        at = ", ".join(under_way()) or ", ".join(thread.name for thread in threading.enumerate())
        log.error("the shutdown took more than %.0f s, because of %s", seconds, at, extra={"event": "hung"})
        logging.shutdown()
        end(HUNG)

    timer = threading.Timer(seconds, give_up)
    timer.name = "shutdown"
    timer.daemon = True
    timer.start()
    return timer
