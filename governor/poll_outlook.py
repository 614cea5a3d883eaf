"""Reads from Redis what the plan of looks is made from (`poll_times.py`), in one round trip.

Where many runs are alive, what is known is good for a second: one run more or less changes no plan, and each run's
steps would ask for it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forebay.governor.contract import EndPath
from forebay.governor.durations import Durations, fitted_sums
from forebay.governor.feed import Feed, delay_of_most_s, feed_of
from forebay.governor.keys import LaneKeys
from forebay.governor.poll_times import PollOutlook
from forebay.governor.redis_errors import translated
from forebay.governor.states import Step

#: How long it is good for, and where so many runs are alive.
GOOD_FOR_S, MANY_ALIVE = 1.0, 20

_SUMS = ("ends", "sum", "squares")


class Outlooks:
    """What is known for planning looks at a lane's runs. Thread safe."""

    def __init__(self, client: Any, keys: LaneKeys, monotonic_s: Callable[[], float]) -> None:
        self._client, self._keys, self._monotonic_s = client, keys, monotonic_s
        self._known: _Known | None = None

    @translated()
    def of(self, query: str) -> PollOutlook:
        """Reads what is known of this query, or else of its lane. Raises `GovernorError`."""
        now_s, known = self._monotonic_s(), self._known
        if known is None or now_s >= known.until_s:
            fit, of_lane = _read(self._client, self._keys, query)
            known = _Known(now_s + GOOD_FOR_S, of_lane, {query: fit})
            self._known = known if of_lane.alive >= MANY_ALIVE else None
        elif query not in known.fits:
            known.fits[query] = fitted_sums(self._client.hmget(self._keys.durations(query), *_SUMS)) if query else None
        fit = known.fits[query]
        return replace(known.of_lane, durations=fit) if fit else known.of_lane


@dataclass(frozen=True, slots=True)
class _Known:
    until_s: float
    of_lane: PollOutlook
    """Whatever the query."""
    fits: dict[str, Durations | None]
    """By query."""


def _read(client: Any, keys: LaneKeys, query: str) -> tuple[Durations | None, PollOutlook]:
    pipeline = client.pipeline(transaction=False)
    for scope in (query, ""):
        pipeline.hmget(keys.durations(scope), *_SUMS)
    pipeline.zcard(keys.due(Step.POLL))
    pipeline.hmget(keys.config, "retrieve_per_s", "all_per_s")
    pipeline.hmget(keys.feed, "told", "missed", "delay_ms", "delay_squares", "delays", "swept", "trouble", "observed")
    pipeline.zcard(keys.unheard)
    of_query, of_lane, alive, (retrieves_per_s, requests_per_s), feed, unheard = pipeline.execute()
    lane = fitted_sums(of_lane)
    return fitted_sums(of_query) if query else None, PollOutlook(
        durations=lane,
        alive=alive,
        retrieves_per_s=float(retrieves_per_s),
        requests_per_s=float(requests_per_s),
        feed=_feed(feed, unheard, alive, alive / lane.mean_s if lane else 0.0),
    )


def _feed(fields: Sequence[str | None], unheard: int, alive: int, ends_per_s: float) -> Feed | None:
    *sums, swept, trouble, observed = fields
    if alive <= 1 and observed != EndPath.WEBHOOKS:
        return None  # the list is hardly asked for a run that is alone (`worker/steps/sweep_step.py`)
    told, missed, delay_ms, delay_squares, delays = (float(one or 0) for one in sums)
    return feed_of(
        told=told,
        missed=missed,
        unheard=unheard,
        delay_s=delay_of_most_s(delay_ms / 1000, delay_squares, delays) if delays else None,
        ends_per_s=ends_per_s,
        is_listed=bool(swept) and not trouble,
    )
