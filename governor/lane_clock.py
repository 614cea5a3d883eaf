"""Tells a clock of Redis that was set forward from an hour in which nothing ran: by this process's own clock.

Asked by `Governor.claim`, which pumps call for each lane where something is alive at least twice a minute. A clock that
goes back is found out in Redis itself (`lua/shared/clock.lua`).
"""

from collections.abc import Callable
from dataclasses import dataclass

#: Less is no matter.
TOLERATED_MS = 2_000
#: Two clocks differ in speed by less. Of a lane without work some days may pass between two claims.
DRIFT = 0.0005


@dataclass(frozen=True, slots=True)
class Jump:
    """That a lane's clock went forward by more than the time that passed. Found again until it is told."""

    moves: int
    """How often its instants were moved before."""
    by_ms: int
    before_ms: int
    """What the lane noted from then on is by the new time."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What Redis said its time was, at some moment after it was asked."""

    asked_s: float
    now_ms: int
    moves: int


class LaneClock:
    """What this process last heard of one lane's clock. Used by one thread at a time."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self.monotonic_s = monotonic_s
        self._last: _Reading | None = None

    def expected_ms(self) -> int:
        """Says what Redis's time is at most by now, unless somebody has set it; 0 if nothing was heard yet."""
        return self._expected_ms(self._last, self.monotonic_s()) if self._last else 0

    def heard(self, *, asked_s: float, now_ms: int, moves: int) -> Jump | None:
        """Takes an answer that has just arrived; returns how far the clock has jumped since the last one, if it has."""
        last = self._last
        if last and last.moves == moves:
            by_ms = now_ms - self._expected_ms(last, self.monotonic_s())
            if by_ms > max(TOLERATED_MS, 1000 * DRIFT * (asked_s - last.asked_s)):
                return Jump(moves, by_ms, last.now_ms + by_ms)
        self._last = _Reading(asked_s, now_ms, moves)
        return None

    def told(self) -> None:
        """Begins anew, now that Redis knows of the jump: what was heard before it says nothing more."""
        self._last = None

    @staticmethod
    def _expected_ms(last: _Reading, at_s: float) -> int:
        # A request may have waited in a server that stood still: what passed since the last answer is at most this.
        return last.now_ms + int((at_s - last.asked_s) * 1000)
