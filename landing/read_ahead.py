"""Reads a body ahead of who stores it, in a thread of its own, as far as a bound on memory lets it.

A host closes a connection that idles, and a store may take its time with a part; and while one hashes, the other
receives. A body that is over soon has no thread.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread

#: What waits at most, but for the last piece; and what comes before the thread is worth its start.
AHEAD_BYTES, ALONE_BYTES = 4 << 20, 1 << 20


class _Ahead:
    """What was received and not taken yet."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._ended = self._unwanted = False
        self._error: BaseException | None = None

    def receive(self) -> None:
        """Fills up until the body ends, or nobody wants it any more. Run by the thread."""
        try:
            for chunk in self._chunks:
                with self._changed:
                    self._waiting.append(chunk)
                    self._bytes += len(chunk)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._bytes < AHEAD_BYTES or self._unwanted)
                    if self._unwanted:
                        return
        except BaseException as error:  # noqa: BLE001 - whoever takes gets it, after all that came before
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def take(self) -> Iterator[bytes]:
        """Yields what comes, in order. Raises what receiving raised."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    break
                chunk = self._waiting.popleft()
                self._bytes -= len(chunk)
                self._changed.notify_all()
            yield chunk
        if self._error:
            raise self._error

    def let_go(self) -> bool:
        """Says that nobody takes any more; tells whether somebody may still receive."""
        with self._changed:
            self._unwanted = True
            self._changed.notify_all()
            return not self._ended


@contextmanager
def read_ahead(chunks: Iterator[bytes], hang_up: Callable[[], None]) -> Iterator[Iterator[bytes]]:
    """Gives the same chunks, which raise what receiving them raised.

    `hang_up` ends a read that another thread waits in; called when the block ends before the body does.
    """
    ahead = _Ahead(chunks)
    threads: list[Thread] = []

    def taken() -> Iterator[bytes]:
        came = 0
        for chunk in chunks:
            yield chunk
            came += len(chunk)
            if came >= ALONE_BYTES:
                break
        else:
            return
        thread = Thread(target=ahead.receive, name="read-ahead", daemon=True)
        threads.append(thread)
        thread.start()
        yield from ahead.take()

    try:
        yield taken()
    finally:
        for thread in threads:
            if ahead.let_go():
                hang_up()
            thread.join()
