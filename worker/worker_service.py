"""Makes Celery's worker a process whose exit code can be believed, and that listens to nobody but the operating system.

Celery's own ends with 0 as `worker_main` when its consumer broke, so whoever would start it again sees a good end.
"""

import logging
import warnings
from typing import Any

from celery.apps.worker import Worker
from celery.exceptions import CPendingDeprecationWarning
from celery.worker import state

from forebay.worker.shutdown import HUNG

log = logging.getLogger(__name__)

#: The exit code of `cli/exits.py` for a fault of ours, or a service that went away.
ENDED_UNASKED = 10


def end_unasked() -> None:
    """Ends this process after what it has in hand, for a reason that is in the log."""
    state.should_stop = ENDED_UNASKED  # type: ignore[assignment]  # its stub knows no code


class WorkerService(Worker):
    """Celery's worker, as `forebay worker` and `celery -A forebay.worker worker` run it."""

    def __init__(self, app: Any = None, hostname: str | None = None, **options: Any) -> None:
        # Workers of ours learn everything from Redis, nothing from each other; on its own Redis each of these costs
        # commands, and a connection that can break.
        alone = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
        # A task only hands runs over to threads of ours (`step_threads.py`), whichever pool is asked for: in Celery's
        # own thread, since another one would cost as much again, and in no fork, which our threads do not survive.
        super().__init__(app, hostname, **{**options, **alone, "pool": "solo"})

    def start(self) -> None:
        """Works until it is told to stop; `exitcode` then says whether it was."""
        # At each lost connection Celery tells at length what its next release will do with unacknowledged messages.
        warnings.simplefilter("ignore", CPendingDeprecationWarning)
        super().start()
        if state.should_terminate is not None or self.exitcode == HUNG:
            return  # a cold shutdown, for which Celery's code stands, or one that hung
        if state.should_stop is not None and state.should_stop != ENDED_UNASKED:
            self.exitcode = 0  # Celery's own is 1 after a SIGINT
        else:
            self.exitcode = ENDED_UNASKED
            log.critical(
                "this worker ended though nobody asked it to; the error above says why. Start it again: no run is lost",
                extra={"event": "ended_unasked"},
            )
