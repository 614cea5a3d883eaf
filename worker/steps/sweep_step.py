"""Asks Stripe's list of events for the next page of a lane's sweep, wakes whom it tells of, and plans the next one."""

import logging
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from forebay.config.errors import ConfigError
from forebay.events.sweep import SweepState, next_page, sweep_state
from forebay.events.waker import Waker
from forebay.governor.contract import EndPath
from forebay.governor.errors import GovernorError
from forebay.governor.feed_view import FeedView
from forebay.governor.lane_events import LaneEvents
from forebay.governor.view import View
from forebay.queryrun.errors import AuthError, QueryRunError, RefusedError
from forebay.runtime.runtime import Runtime
from forebay.worker.steps.retry_rules import REQUEST_CUSTODY_MS

log = logging.getLogger(__name__)

#: A key that may not list events, or an API without such a list, is asked again after this time.
REFUSED_MS = 10 * 60_000
#: After an answer that was none.
TROUBLE_MS = 10_000
#: As often as it pays at most, and as seldom as it does where something else tells of ends, or nothing does.
SHORTEST_S, LONGEST_S = 0.4, 30.0
#: A request is worth so many seconds of lag, of one run.
PRICE_S = 1.4
#: Where few are alive: about a second, but no more than so many sweeps a run, which looks alone would take; those of a
#: batch are shared by all of it, so that its last ones are not waited for.
ABOUT_S, SWEEPS_A_RUN = 1.0, 5
#: Where nothing was told for long, of what runs for long: after this part of that time, as a look at a run of which
#: nothing is known.
QUIET_SHARE = 0.05
#: At most so often for a run that was alone from the first: looks of its own find its end as soon, with fewer requests.
ALONE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swept:
    """What came of one request."""

    next_ms: int
    state: SweepState
    alone_ms: int = 0
    trouble: str = ""


class Sweeps:
    """The sweeps that one process makes. Thread safe."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._view = View(runtime.redis)
        self._waker = Waker(runtime.redis)

    def sweep(self, lane: str, fence: int) -> None:
        """Makes one request of a lane's sweep. One that cannot be made is due again when its custody ends."""
        try:
            self._sweep(lane, fence)
        except (GovernorError, ConfigError) as error:
            log.warning("put off: %s", error, extra={"event": "put_off", "lane": lane})

    def _sweep(self, lane: str, fence: int) -> None:
        lane_events = LaneEvents(self._runtime.redis, lane)
        held = lane_events.begin_sweep(fence, custody_ms=REQUEST_CUSTODY_MS)
        if held is None:
            return  # a message that came twice, or late
        feed = self._view.feed(lane)
        swept = self._ask(lane, feed)
        path = replace(feed, trouble=swept.trouble).path
        if path != feed.observed:
            _tell(lane, path, feed)
        lane_events.swept(
            held,
            next_ms=swept.next_ms,
            alone_ms=swept.alone_ms,
            since=swept.state.dump(),
            trouble=swept.trouble,
            observed=path,
        )

    def _ask(self, lane: str, feed: FeedView) -> _Swept:
        connection, account = self._runtime.config.of_lane(lane)
        # One that shows nothing of what happens may have been asked from a moment on that has yet to come.
        state = SweepState() if feed.is_of_no_use else sweep_state(feed.sweep)
        now = datetime.fromtimestamp(self._view.now_ms() / 1000, UTC)
        try:
            events, after = next_page(self._runtime.client(connection.name), account, state, now)
        except QueryRunError as error:
            trouble = _kind(error)
            if trouble != feed.trouble:  # one that lasts is told once
                log.warning("events not listed: %s", error.cause, extra={"event": "not_swept", "lane": lane})
            if _is_refused(error):
                return _Swept(next_ms=REFUSED_MS, state=SweepState(), trouble=trouble)
            return _Swept(next_ms=TROUBLE_MS, state=state.begun_anew(), trouble=trouble)
        heard = self._waker.heard_on([lane], events, path=EndPath.EVENTS)
        if after.page:
            return _Swept(next_ms=0, state=after)
        # Of what nobody else had told: it may be worth more than was thought, which is read anew then.
        wait_s = SHORTEST_S if heard.late else every_s(feed)
        alone_ms = 0 if feed.several else int(max(0.0, ALONE_S - wait_s) * 1000)
        return _Swept(next_ms=int(wait_s * 1000), alone_ms=alone_ms, state=after)


def every_s(feed: FeedView) -> float:
    """Says after how long a list is asked again: where it costs fewer requests than the looks that it saves."""
    if feed.tells_by_webhooks or feed.is_of_no_use:
        return LONGEST_S
    if feed.mean_s is None or not feed.alive:
        return SHORTEST_S
    ends_every_s = feed.mean_s / feed.alive
    # An end waits half of the time between two requests, and each costs its price: what both come to is least here.
    least_s = max(math.sqrt(2 * PRICE_S * ends_every_s), SHORTEST_S)
    sweeps_a_run = SWEEPS_A_RUN * max(1.0, feed.several / feed.alive)
    often_s = min(least_s, max(ABOUT_S, ends_every_s / sweeps_a_run))
    quiet_s = min(feed.heard_s.get(EndPath.EVENTS, 0.0), feed.oldest_s)
    return min(max(often_s, QUIET_SHARE * quiet_s), LONGEST_S)


def _is_refused(error: QueryRunError) -> bool:
    """Says whether the same question would come to the same answer."""
    return isinstance(error, RefusedError) or (isinstance(error, AuthError) and error.status == 403)


def _kind(error: QueryRunError) -> str:
    """Names an error by what it has in common with the next one of its kind: not by its request."""
    status = f"HTTP {error.status}" if error.status else None
    known = ", ".join(filter(None, (status, error.code)))
    return f"{error.error_class} ({known or error.message})"


def _tell(lane: str, path: EndPath, feed: FeedView) -> None:
    """Logs that the ends of a lane's runs come to be known in another way."""
    log.info(
        "ends are known by %s now, not by %s; %s",
        path,
        feed.observed,
        _worth(feed),
        extra={"event": "observed", "lane": lane, "observed_by": path, "freed_after_s": dict(feed.lags_s)},
    )


def _worth(feed: FeedView) -> str:
    told = f"{feed.told_share:.0%} told" if feed.told_share else "none told"
    lags = ", ".join(f"{lag_s:.1f} s ({path})" for path, lag_s in feed.lags_s.items())
    return f"{told}; slots freed after {lags}" if lags else told
