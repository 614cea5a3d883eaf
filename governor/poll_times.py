"""Plans when to look at a run that Stripe is running: pure functions of what is known, in seconds.

Stripe tells the end of a query only to who asks, and asking is what is scarce: 500 runs share 10 to 25 retrieves a
second. So each look is spent where an end is most likely. Nothing is learned while a run goes on except that it goes
on, so the best plan for it is a fixed sequence of ages, given how long such queries take (`durations.py`) and what a
look costs (its price, in seconds of lag that it has to save). `plan` finds that sequence by a small dynamic programme;
`price` finds the price at which the looks of a lane just fit its budget.

`bench/ceiling.py` shows how near this comes to the best that any plan can do.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from forebay.governor.durations import Durations, normal_cdf

#: Nobody waits for an answer so eagerly that a run is asked about more often.
SHORTEST_POLL_S = 0.5
#: The first look at a run of which nothing is known.
FIRST_POLL_S = 1.0
#: The worst wait of any run for its next look, whatever its statistics say, when the budget allows it.
LONGEST_POLL_S = 60.0
#: A look is worth at least this much lag: a single run with a whole budget to itself is not asked about all the time.
LEAST_PRICE_S = 0.1
#: One run in so many of a well known query (of less spread than this) is a scout, looked at first when hardly any has
#: ended (so many spreads from the median). All others are left alone until their end is near, so that a query which has
#: become quicker would go on looking as slow as it was.
SCOUTS = 20
WELL_KNOWN_SIGMA = 0.4
_SCOUT_SPREADS = -3.0

#: Ages of the programme: so many where ends are likely (in spreads from the median), never beyond these (in medians).
_STEPS = 80
_EARLIEST_SPREADS, _LATEST_SPREADS = -3.5, 5.0
_FIRST, _LAST = 0.02, 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutlook:
    """What is known when the next look at a run is planned."""

    durations: Durations | None
    """Of this query; else of its lane; None: nothing has ended yet."""
    alive: int
    """Runs of the lane that may want looks."""
    retrieves_per_s: float
    requests_per_s: float

    @property
    def runs_per_poll(self) -> float:
        """Divides the runs alive by the looks a second that the budgets leave beside the creates."""
        creates_per_s = self.alive / self.durations.mean_s if self.durations else 0.0
        polls_per_s = min(self.retrieves_per_s, self.requests_per_s - creates_per_s)
        return self.alive / max(polls_per_s, self.retrieves_per_s / 10)


def first_poll_s(index: int, outlook: PollOutlook) -> float:
    """Says how long to wait before the first look at a run that was just created, by its index in its flow."""
    wait_s, known = next_poll_s(0.0, outlook), outlook.durations
    if known is None or known.sigma >= WELL_KNOWN_SIGMA or index % SCOUTS:
        return wait_s
    return min(wait_s, max(known.median_s * math.exp(_SCOUT_SPREADS * known.sigma), SHORTEST_POLL_S))


def next_poll_s(age_s: float, outlook: PollOutlook) -> float:
    """Says how long to wait before looking at a run of this age."""
    durations = outlook.durations
    if durations is None:
        # In a crowd each in turn: asking for more than there is would only make those wait whose end is near.
        return min(max(_by_age(age_s), outlook.runs_per_poll), LONGEST_POLL_S)
    unit, sigma = durations.median_s, _twentieth(durations.sigma)
    price = _price(sigma, _rounded(outlook.runs_per_poll / unit))
    ages = _plan(sigma, _rounded(max(price, LEAST_PRICE_S / unit)))
    at = bisect_right(ages, age_s / unit + 1e-9)
    if at == len(ages):
        # Older than nearly all of its kind: then it is of another kind, and its age is all that is known of it.
        return min(max(_by_age(age_s), outlook.runs_per_poll), LONGEST_POLL_S)
    return min(max(ages[at] * unit - age_s, SHORTEST_POLL_S), LONGEST_POLL_S)


def _by_age(age_s: float) -> float:
    """Waits about a tenth of the time that the query has taken: a person who waits does not notice."""
    return max(FIRST_POLL_S, min(age_s / 10, LONGEST_POLL_S))


def _twentieth(sigma: float) -> float:
    """Rounds a spread, so that plans are shared by those that differ little."""
    return max(round(sigma * 20) / 20, 0.05)


def _rounded(value: float) -> float:
    """Rounds to some 8 %, so that plans are shared, and the cache stays small."""
    return 0.0 if value <= 0 else math.exp(round(math.log(value) * 12) / 12)


@lru_cache(maxsize=512)
def _plan(sigma: float, cost: float) -> tuple[float, ...]:
    """Plans the ages at which to look, in medians: with the least lag plus cost of looks."""
    return _solve(sigma, cost)[0]


@lru_cache(maxsize=512)
def _price(sigma: float, runs_per_poll: float) -> float:
    """Finds the cost of a look, in medians of lag, at which the plan needs just the looks that the budget has.

    A run holds its slot for its duration and its lag, and in that time the lane's budget has
    (duration + lag) / runs_per_poll looks for it: more cost means fewer looks and more lag, so bisection finds it.
    """
    low, high = 1e-4, 50.0
    for _ in range(24):
        cost = math.sqrt(low * high)
        _, looks, lag = _solve(sigma, cost)
        if looks * runs_per_poll > math.exp(sigma**2 / 2) + lag:
            low = cost
        else:
            high = cost
    return high


@lru_cache(maxsize=4096)
def _solve(sigma: float, cost: float) -> tuple[tuple[float, ...], float, float]:
    """Plans for median 1, and says what to expect of it: looks and lag of a run.

    From the last age backwards: `value[i]` is what a run that was alive at age i still costs. The next look at age j
    costs `cost`, the lag of an end between i and j, and value[j] if the run outlives j too.
    """
    all_ages = _ages(sigma)
    below = [_cdf(age, sigma) for age in all_ages]
    partial = [_mean_below(age, sigma) for age in all_ages]
    last = len(all_ages) - 1
    value, looks, lag, then = ([0.0] * (last + 1) for _ in range(4))
    for i in range(last - 1, -1, -1):
        alive = 1.0 - below[i]
        if alive < 1e-9:
            then[i] = last
            continue
        best = math.inf
        for j in range(i + 1, last + 1):
            waited = all_ages[j] * (below[j] - below[i]) - (partial[j] - partial[i])
            total = cost + (waited + (1.0 - below[j]) * value[j]) / alive
            if total < best:
                best, then[i] = total, j
            elif total > 2 * best + cost:
                break  # lag only grows from here on
        j = int(then[i])
        waited = all_ages[j] * (below[j] - below[i]) - (partial[j] - partial[i])
        value[i] = best
        looks[i] = 1.0 + (1.0 - below[j]) / alive * looks[j]
        lag[i] = (waited + (1.0 - below[j]) * lag[j]) / alive
    ages, at = [], 0
    while at < last and 1.0 - below[at] > 1e-6:
        at = int(then[at])
        ages.append(all_ages[at])
    return tuple(ages), looks[0], lag[0]


@lru_cache(maxsize=64)
def _ages(sigma: float) -> tuple[float, ...]:
    """Lists ages at which the programme may look, in medians: even steps of the logarithm, finer for less spread."""
    first = max(math.log(_FIRST), _EARLIEST_SPREADS * sigma)
    last = min(math.log(_LAST), _LATEST_SPREADS * sigma)
    return (0.0, *(math.exp(first + (last - first) * step / (_STEPS - 1)) for step in range(_STEPS)))


def _cdf(age: float, sigma: float) -> float:
    """Gives the part of the runs that end before this age; the median is 1."""
    return 0.0 if age <= 0 else normal_cdf(math.log(age) / sigma)


def _mean_below(age: float, sigma: float) -> float:
    """Takes the mean of durations, counting only those below this age."""
    if age <= 0:
        return 0.0
    return math.exp(sigma**2 / 2) * normal_cdf(math.log(age) / sigma - sigma)
