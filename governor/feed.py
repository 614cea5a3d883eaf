"""Says what a lane's feed of events is worth: which part of the ends it misses, and how late it tells the others.

Read by the plan of looks (`poll_times.py`), and by people. Pure functions of what `lua/shared/feed.lua` counts.
"""

import math
from dataclasses import dataclass

#: What is taken for the delay where Stripe's clock and ours differ so far that none can be told.
UNKNOWN_DELAY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What to expect of events."""

    missing: float
    """The part of the ends of which no event tells: more than 0, since nothing is ever sure, and less than 1."""
    delay_s: float
    """From an end to its event's coming here: that of most is no longer."""


def delay_of_most_s(total_s: float, squares: float, count: float) -> float:
    """Adds to the mean of delays their deviation: where some events come at once and some late, a plan that went by the
    mean would wait for the late ones."""
    mean_s = total_s / count
    return mean_s + math.sqrt(max(0.0, squares / count - mean_s**2))


def feed_of(
    *, told: float, missed: float, unheard: int, delay_s: float | None, ends_per_s: float = 0.0, is_listed: bool = False
) -> Feed | None:
    """Weighs what was told and what was not; None where nothing was ever told, and no list of events `is_listed`.

    An end that was just seen and not told of counts as missed until its event comes, but for as many as end within
    twice the delay, whose events may be on their way, and no more than twice as many as were told of: so a feed that
    stops is distrusted within a few ends, and one that told of two vouches for no thirty. What is known of nothing is
    taken for as good as bad, and a handful of ends says little (Jeffreys' prior).
    """
    if told <= 0 and not is_listed:
        return None
    missed += max(0.0, unheard - 2 * min(ends_per_s * (delay_s or 0.0), told))
    missing = (missed + 0.5) / (told + missed + 1)
    return Feed(missing=missing, delay_s=UNKNOWN_DELAY_S if delay_s is None else delay_s)
