"""Reads from Redis what the plan of looks is made from (`poll_times.py`), in one round trip."""

from collections.abc import Sequence
from typing import Any

from forebay.governor.contract import EndPath
from forebay.governor.durations import fitted_sums
from forebay.governor.feed import Feed, delay_of_most_s, feed_of
from forebay.governor.keys import LaneKeys
from forebay.governor.poll_times import PollOutlook
from forebay.governor.redis_errors import translated
from forebay.governor.states import Step


@translated()
def read_outlook(client: Any, keys: LaneKeys, query: str) -> PollOutlook:
    """Reads what is known of this query, or else of its lane. Raises `GovernorError`."""
    pipeline = client.pipeline(transaction=False)
    for scope in (query, ""):
        pipeline.hmget(keys.durations(scope), "ends", "sum", "squares")
    pipeline.zcard(keys.due(Step.POLL))
    pipeline.hmget(keys.config, "retrieve_per_s", "all_per_s")
    pipeline.hmget(keys.feed, "told", "missed", "delay_ms", "delay_squares", "delays", "swept", "trouble", "observed")
    pipeline.zcard(keys.unheard)
    of_query, of_lane, alive, (retrieves_per_s, requests_per_s), feed, unheard = pipeline.execute()
    lane = fitted_sums(of_lane)
    return PollOutlook(
        durations=fitted_sums(of_query) or lane,
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
