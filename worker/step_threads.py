"""Carries out what messages ask for, in the threads of the process: the tasks hand runs over, and end at once.

A message carries several runs, and each takes a thread of its own. Celery's side of a process is one thread that reads
messages (`worker/app.py`), and asks here, before it takes another one, whether there is room (`worker/hints.py`): so no
run waits behind a busy thread while another process has one that is free. What does not find a thread after all goes
back into its queue. Nothing here is a record: whatever a process takes along is due again.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

log = logging.getLogger(__name__)

Work = Callable[[], object]

#: Runs that a message carries at most. Reading a message costs about as much as a step's own work, so four share it;
#: more would find fewer processes with so many threads free.
RUNS_OF_A_MESSAGE = 4
#: One in so many threads may stand idle rather than take a message of which it could carry out a part.
_SPARE = 4


class StepThreads:
    """The threads of a process, and what they are given. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: SimpleQueue[Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._runs_of_a_message = RUNS_OF_A_MESSAGE
        self._is_wanted = False
        self._room_again: Callable[[], object] = lambda: None

    def start(self, threads: int, room_again: Callable[[], object], runs_of_a_message: int = RUNS_OF_A_MESSAGE) -> None:
        """Starts so many threads; `room_again` is called when there is room for a message that was not taken.

        `runs_of_a_message` is what a message carries at most of the queues that the process reads.
        """
        self._room_again, self._runs_of_a_message = room_again, runs_of_a_message
        self._threads = [threading.Thread(target=self._run, name=f"step-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits for what is under way, and ends the threads."""
        for _ in self._threads:
            self._works.put(None)
        for thread in self._threads:
            thread.join()

    @property
    def threads(self) -> Sequence[threading.Thread]:
        """Gives its threads, once they are started."""
        return self._threads

    def has_room(self) -> bool:
        """Says whether a message may be taken; if not, `room_again` is called once it may."""
        with self._lock:
            self._is_wanted = not self._fits_a_message()
            return not self._is_wanted

    def take(self, works: Sequence[Work]) -> int:
        """Begins as many of these as threads are idle, and returns how many; what is left the caller puts back."""
        with self._lock:
            begun = min(len(works), len(self._threads) - self._busy)
            self._busy += begun
        for work in works[:begun]:
            self._works.put(work)
        return begun

    def _fits_a_message(self) -> bool:
        """Says whether each of its runs finds a thread; in a process of few threads, whether one does."""
        threads = len(self._threads)
        return threads - self._busy >= max(1, min(self._runs_of_a_message, threads // _SPARE))

    def _run(self) -> None:
        while work := self._works.get():
            try:
                work()
            except BaseException:  # a thread that ended would still count as one that is idle
                log.exception("a step failed, which is a bug", extra={"event": "bug"})
            finally:
                self._done()

    def _done(self) -> None:
        with self._lock:
            self._busy -= 1
            has_room = self._is_wanted and self._fits_a_message()
            self._is_wanted = self._is_wanted and not has_room
        if has_room:
            self._room_again()
