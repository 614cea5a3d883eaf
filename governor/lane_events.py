"""Tells a lane what events say of its runs, and takes turns at asking Stripe's list of them. One script an operation.

Called by `events/waker.py` and the step `sweep`. What events say are hints: a run is looked at, and the look is what
counts. Durations are milliseconds; instants never leave Redis.
"""

from collections.abc import Iterable

from forebay.governor.contract import EndPath, Woken
from forebay.governor.keys import LaneKeys
from forebay.governor.lane_scripts import LaneScripts
from forebay.governor.redis_client import Client


class LaneEvents:
    """The events of one lane. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client, lane: str) -> None:
        self._scripts = LaneScripts(client, LaneKeys(lane))

    def wake(self, path: EndPath, ends: Iterable[tuple[str, int | None]], *, ended: bool = True) -> Woken:
        """Makes runs due for a look at once, whose QueryRuns events say have ended, or not `ended` but changed.

        A hint, which may be wrong. Each of `ends` is a QueryRun's id, and the moment that its event names, in ms since
        1970 by Stripe's clock, if it does. Of others' QueryRuns too: they are passed over.
        """
        return self._scripts.wake(path=path, ended=ended, ends=ends)

    def wake_all(self) -> int:
        """Makes every run that runs at Stripe due for a look at once; returns how many those are."""
        return self._scripts.wake_all()

    def begin_sweep(self, fence: int, *, custody_ms: int) -> int | None:
        """Takes the sweep in hand that `claim` asked for by this fence, and gives the fence by which it is ended.

        None if another one was asked for since, or somebody has this one in hand. It is due again after `custody_ms`.
        """
        return self._scripts.begin_sweep(fence=fence, custody_ms=custody_ms) or None

    def swept(
        self,
        fence: int,
        *,
        next_ms: int,
        since: str,
        alone_ms: int = 0,
        trouble: str = "",
        observed: EndPath = EndPath.LOOKS,
    ) -> bool:
        """Ends the sweep that was begun with this fence; False if another one was asked for since.

        The next is due after `next_ms`, `alone_ms` later while a single run runs, and asks from `since` on, in the
        words of Stripe's clock. `observed` is how ends come to be known now.
        """
        return self._scripts.swept(
            fence=fence, next_ms=next_ms, alone_ms=alone_ms, since=since, trouble=trouble, observed=observed
        )
