"""Survives that Redis or a store does not answer: what a command follows does not depend on being seen by it."""

from collections.abc import Callable
from contextlib import suppress

from forebay.cli.exits import report
from forebay.cli.output.cause import Cause, CauseKind
from forebay.governor.errors import RedisUnavailable

#: An embedded Valkey that does not answer for longer than a restart takes has lost its supervisor.
COME_BACK_S = 5.0


class Absence:
    """Whether Redis or a store could not be asked the last time, and since when."""

    def __init__(self, come_back: Callable[[], None]) -> None:
        """Takes what connects again, and begins a Redis of this machine anew where it is gone."""
        self._come_back = come_back
        self._since_s: float | None = None
        self.why = ""
        """What was said the last time; nothing while all answers."""

    def survive(self, error: Exception, tell: Callable[[Cause], None], now_s: float) -> None:
        """Tells of one more failure, and brings back a Redis of this machine that stays away."""
        self._since_s = self._since_s or now_s
        self.why = str(error)
        tell(Cause(kind=CauseKind.AWAY, message=f"{error}; trying again", way_out=report(error).way_out))
        if now_s - self._since_s > COME_BACK_S:
            self._since_s = now_s
            with suppress(RedisUnavailable):  # there, and silent as before
                self._come_back()

    def over(self) -> None:
        """Takes note that all answers again."""
        self._since_s, self.why = None, ""
