"""Goes back in time through what can be listed from a moment on: the newest first, and no more than is asked for."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

Listed = TypeVar("Listed")

#: Each span is so many times as long as the one after it.
_LONGER = 4
#: Longer than anybody keeps a ledger.
_YEARS = timedelta(days=20_000)


def backwards(
    between: Callable[[datetime, datetime], Iterable[Listed]], end: datetime, first: timedelta
) -> Iterator[Listed]:
    """Yields what was `between` two moments, oldest first, in spans that end in `end`, and before: newest first.

    The last span is as long as `first`, each before it longer: that of all years is reached with a handful of them.
    """
    oldest, span = end - _YEARS, first
    while end > oldest:
        start = max(oldest, end - span)
        yield from reversed(list(between(start, end)))
        end, span = start, span * _LONGER
