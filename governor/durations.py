"""Learns how long queries take: a log-normal fit, and what one end teaches of it. Pure functions, in seconds.

A lane and each of its queries keep three sums over their ends, of 1, ln(seconds) and its square
(`lua/shared/durations.lua`); `poll_times.py` plans with the fit of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: With fewer ends than this the fit says nothing: the next wider scope is used.
ENOUGH_ENDS = 5
#: An end that the fit held for less likely than this says that the fit is wrong, not where the end was.
SURPRISE = 0.01
#: The shortest duration that is told from none.
_LEAST_S = 0.001


@dataclass(frozen=True, slots=True)
class Durations:
    """A log-normal fit of how long queries took: the median in seconds, the spread of their logarithm."""

    median_s: float
    sigma: float

    @property
    def mean_s(self) -> float:
        return self.median_s * math.exp(self.sigma**2 / 2)


@dataclass(frozen=True, slots=True)
class Took:
    """What one end adds to the sums: what to expect of ln(seconds), and of its square."""

    ln_s: float
    square: float


def fitted(ends: float, sum_ln: float, sum_ln2: float) -> Durations | None:
    """Fits so many ends, given the sums of ln(seconds) and of its square; None if they are too few."""
    if ends < ENOUGH_ENDS:
        return None
    mean = sum_ln / ends
    variance = max(0.0, sum_ln2 / ends - mean * mean)
    # A handful of ends shows less spread than there is, and no two runs are ever quite alike.
    sigma = math.sqrt(variance * (ends + 1) / (ends - 1))
    return Durations(math.exp(mean), min(max(sigma, 0.05), 2.5))


def fitted_sums(sums: Sequence[str | None]) -> Durations | None:
    """Fits the sums as Redis has them: of 1, ln(seconds) and its square."""
    ends, total, squares = (float(one or 0) for one in sums)
    return fitted(ends, total, squares)


def took_between(alive_s: float, over_s: float, known: Durations | None) -> Took:
    """Expects a duration of which looks have shown that it is more than `alive_s`, and at most `over_s`.

    Where in between is what the fit so far says of such runs (a step of expectation maximisation). Taking the middle
    instead would drag the fit down by each run that its first look finds over, and those are most runs of a well known
    query: they are left alone until their end is near.
    """
    over_s = max(over_s, _LEAST_S)
    alive_s = min(max(alive_s, 0.0), over_s)
    return _expected(alive_s, over_s, known) or _half_way(alive_s, over_s)


def _half_way(alive_s: float, over_s: float) -> Took:
    ln_s = math.log(max((alive_s + over_s) / 2, _LEAST_S))
    return Took(ln_s, ln_s * ln_s)


def _expected(alive_s: float, over_s: float, known: Durations | None) -> Took | None:
    """Takes mean and mean square of the fit's normal distribution, cut off at both ends; None where it says nothing."""
    if known is None:
        return None
    mean, sigma = math.log(known.median_s), known.sigma
    low = (math.log(alive_s) - mean) / sigma if alive_s > 0 else -math.inf
    high = (math.log(over_s) - mean) / sigma
    likely = normal_cdf(high) - normal_cdf(low)
    if likely < SURPRISE:
        return None
    shift = (_density(low) - _density(high)) / likely
    variance = 1 + (_times_density(low) - _times_density(high)) / likely - shift * shift
    ln_s = mean + sigma * shift
    return Took(ln_s, sigma**2 * max(variance, 0.0) + ln_s * ln_s)


def normal_cdf(spreads: float) -> float:
    """Gives the part of a normal distribution below so many spreads from its mean."""
    return 0.5 * math.erfc(-spreads / math.sqrt(2))


def _density(spreads: float) -> float:
    return math.exp(-spreads * spreads / 2) / math.sqrt(2 * math.pi)


def _times_density(spreads: float) -> float:
    return 0.0 if math.isinf(spreads) else spreads * _density(spreads)
