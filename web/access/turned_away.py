"""Tells the log of who was not let in: at once of the first, then once a minute of the last, with how many there were.

Who can reach the page can try names without end: a line for each would be a way to fill a disk, and a count for each a
way to fill memory. What he showed beside a name, a password or a token, is never kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

_TELL_EVERY_S = 60.0
_MOST_LETTERS = 100


class TurnedAway:
    """Used by one thread."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._told_at_s = -_TELL_EVERY_S
        self._untold = 0

    def add(self, who: str, peer: str | None, why: str) -> None:
        """Counts one, and tells of it if it is time."""
        self._untold += 1
        now_s = self._monotonic_s()
        if now_s - self._told_at_s < _TELL_EVERY_S:
            return
        log.warning(
            "not let in: %s from %s: %s (%d since the last line of this kind)",
            repr(who[:_MOST_LETTERS]) if who else "somebody",
            peer or "nowhere",
            why[:_MOST_LETTERS],
            self._untold,
            extra={"event": "not_let_in"},
        )
        self._told_at_s, self._untold = now_s, 0
