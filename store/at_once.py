"""Does something with each of many things in a store, several at once: it is the server's work and our waiting."""

from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

AT_ONCE = 8
#: So long one of them may take before we say that we are still at it.
_KEEP_EVERY_S = 5.0

Thing = TypeVar("Thing")


def each_at_once(work: Callable[[Thing], None], things: Collection[Thing], keep: Callable[[], None]) -> None:
    """Does it to each, and ends with the first error; calls `keep` now and then, which may raise to stop."""
    pending: set[Future[None]] = set()
    left = iter(things)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
        while True:
            pending |= {pool.submit(work, thing) for thing in islice(left, 2 * AT_ONCE - len(pending))}
            if not pending:
                return
            done, pending = wait(pending, timeout=_KEEP_EVERY_S, return_when=FIRST_COMPLETED)
            for one in done:
                one.result()
            keep()
