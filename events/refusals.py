"""Counts what came as an event and is not taken, and tells of it: at once of the first, then once a minute of the rest.

Who can reach a port or write into a queue can send forgeries without end, so a line in the log for each would be a way
to fill a disk.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

log = logging.getLogger(__name__)

_TELL_EVERY_S = 60.0


class Refusals:
    """Used by one thread."""

    def __init__(self, what: str, monotonic_s: Callable[[], float]) -> None:
        """Takes the plural of what is refused, for people."""
        self._what = what
        self._monotonic_s = monotonic_s
        self._told_at_s = -_TELL_EVERY_S
        self._untold: Counter[tuple[str, str]] = Counter()
        self.total: Counter[tuple[str, str]] = Counter()
        """By where it came, and the reason."""

    def add(self, where: str, reason: str) -> None:
        """Counts one, and tells of what was not told yet if it is time."""
        self.total[where, reason] += 1
        self._untold[where, reason] += 1
        if self._monotonic_s() - self._told_at_s >= _TELL_EVERY_S:
            self.tell()

    def tell(self) -> None:
        """Tells of what was not told yet."""
        if not self._untold:
            return
        self._told_at_s = self._monotonic_s()
        counted = ", ".join(f"{count} × {reason} ({where})" for (where, reason), count in sorted(self._untold.items()))
        self._untold.clear()
        log.warning("%s were refused: %s", self._what, counted, extra={"event": "events_refused"})
