"""Counts the webhooks that are not taken, and tells of them: at once of the first, then once a minute of all since.

Who can reach the port can send forgeries without end, so a line in the log for each would be a way to fill a disk.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

log = logging.getLogger(__name__)

_TELL_EVERY_S = 60.0


class Refusals:
    """Used by the event loop alone."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._told_at_s = -_TELL_EVERY_S
        self._untold: Counter[tuple[str, str]] = Counter()
        self.total: Counter[tuple[str, str]] = Counter()
        """By connection and reason."""

    def add(self, connection: str, reason: str) -> None:
        """Counts one, and tells of what was not told yet if it is time."""
        self.total[connection, reason] += 1
        self._untold[connection, reason] += 1
        if self._monotonic_s() - self._told_at_s >= _TELL_EVERY_S:
            self.tell()

    def tell(self) -> None:
        """Tells of what was not told yet."""
        if not self._untold:
            return
        self._told_at_s = self._monotonic_s()
        counted = ", ".join(f"{count} × {reason} ({name})" for (name, reason), count in sorted(self._untold.items()))
        self._untold.clear()
        log.warning("webhooks were refused: %s", counted, extra={"event": "webhooks_refused"})
