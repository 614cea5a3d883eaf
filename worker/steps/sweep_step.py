"""Asks Stripe's list of events for the next page of a lane's sweep, wakes whom it tells of, and plans the next one."""

import logging

from forebay.events.sweep import next_page, sweep_state
from forebay.events.waker import Waker
from forebay.governor.contract import EndPath
from forebay.governor.feed_view import FeedView
from forebay.governor.view import View
from forebay.queryrun.errors import AuthError, NotFoundError, QueryRunError
from forebay.runtime.runtime import Runtime

log = logging.getLogger(__name__)

#: A key that may not list events, or an API without such a list, is asked again after this time.
REFUSED_MS = 10 * 60_000
#: After an answer that was none.
TROUBLE_MS = 10_000
#: As often as it pays at most, and as seldom as it does where something else tells of ends, or nothing does.
SHORTEST_S, LONGEST_S = 0.5, 30.0
#: So many at most while a run is alive, where few are: about what looks alone would take.
SWEEPS_A_RUN = 5


class Sweeps:
    """The sweeps that one process makes. Thread safe."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waker = Waker(runtime.redis)

    def sweep(self, lane: str, fence: int) -> None:
        """Makes one request of a lane's sweep. Raises `GovernorError` and `ConfigError`: it is due again then."""
        governor, view = self._runtime.governor(lane), View(self._runtime.redis)
        connection, account = self._runtime.config.of_lane(lane)
        feed = view.feed(lane)
        state = sweep_state(feed.sweep)
        try:
            events, after = next_page(self._runtime.client(connection.name), account, state)
        except QueryRunError as error:
            refused = isinstance(error, NotFoundError) or (isinstance(error, AuthError) and error.status == 403)
            if feed.trouble != error.cause:
                log.warning("events not listed: %s", error.cause, extra={"event": "not_swept", "lane": lane})
            wait_ms = REFUSED_MS if refused else TROUBLE_MS
            governor.swept(fence, next_ms=wait_ms, since="", trouble=error.cause)
            return
        heard = self._waker.heard_on([lane], events, path=EndPath.EVENTS)
        wait_ms = 0 if after.page else int(every_s(feed) * 1000)
        governor.swept(fence, next_ms=wait_ms, since=after.dump())
        if heard.woken:
            self._runtime.wake()


def every_s(feed: FeedView) -> float:
    """Says after how long a list is asked again: where it costs fewer requests than the looks that it saves."""
    if feed.tells_by_webhooks or feed.is_of_no_use:
        return LONGEST_S
    if feed.mean_s is None or not feed.alive:
        return SHORTEST_S
    return min(max(feed.mean_s / feed.alive / SWEEPS_A_RUN, SHORTEST_S), LONGEST_S)
