"""Makes Ctrl-C and SIGTERM things that are waited for, not exceptions that come in the middle of something."""

import contextlib
import queue
import signal
from collections.abc import Iterator


class Interrupts:
    """Collects signals while it is listening."""

    def __init__(self) -> None:
        self._signals: queue.SimpleQueue[signal.Signals] = queue.SimpleQueue()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Collects signals until the end of the block. Main thread only."""
        before = {
            number: signal.signal(number, lambda signum, _frame: self._signals.put(signal.Signals(signum)))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self, seconds: float) -> signal.Signals | None:
        """Waits for the next signal; None if none comes in this time."""
        try:
            return self._signals.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return None

    def came(self) -> bool:
        """Tells whether there is one that nobody has waited for yet."""
        return not self._signals.empty()
