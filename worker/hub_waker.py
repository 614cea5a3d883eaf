"""Wakes Celery's event loop when the worker is told to end, which it would only see up to a second later.

The signal's handler sets a flag, and Python goes on with the wait that the signal interrupted. So the handler writes to
a pipe, too, for which the loop waits.
"""

import os
from typing import Any

from celery import bootsteps, signals
from celery.worker.components import Hub


class HubWakerStep(bootsteps.StartStopStep):
    """Begins with the loop, and ends with it."""

    requires = (Hub,)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._ends: tuple[int, int] | None = None

    def start(self, parent: Any) -> None:
        """Has the loop wait for the pipe, too."""
        if parent.hub is None:  # a pool that needs no loop
            return
        reads, writes = self._ends = os.pipe()
        os.set_blocking(reads, False)
        os.set_blocking(writes, False)
        parent.hub.add_reader(reads, os.read, reads, 64)
        signals.worker_shutting_down.connect(self._wake)

    def stop(self, parent: Any) -> None:
        """Closes the pipe."""
        if self._ends:
            signals.worker_shutting_down.disconnect(self._wake)
            parent.hub.remove_reader(self._ends[0])
            for end in self._ends:
                os.close(end)
            self._ends = None

    def terminate(self, parent: Any) -> None:
        """Does as `stop`."""
        self.stop(parent)

    def _wake(self, **_: object) -> None:
        if self._ends:
            os.write(self._ends[1], b"!")
