"""Plans when to look at a run that Stripe is running: pure functions of what is known, in seconds.

Stripe tells the end of a query only to who asks, and asking is what is scarce: 500 runs share 10 to 25 retrieves a
second. So each look is spent where an end is most likely. Nothing is learned while a run goes on except that it goes
on, so the best plan for it follows from its age, given how long such queries take (`durations.py`) and what a look
costs (its price, in seconds of lag that it has to save). `_solve` finds it by a small dynamic programme; `_price` finds
the price at which the looks of a lane just fit its budget.

Events that tell of ends (`feed.py`) make looks worth less: one saves only what events miss, and how late they are. The
same programme plans them then, and they are as many as without events where those are of no use.

`bench/ceiling.py` shows how near this comes to the best that any plan can do.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from forebay.governor.durations import Durations, normal_cdf
from forebay.governor.feed import Feed

#: Nobody waits for an answer so eagerly that a run is asked about more often.
SHORTEST_POLL_S = 0.5
#: The first look at a run of which nothing is known.
FIRST_POLL_S = 1.0
#: And where a list of events is asked: by then it has told of some ends, or a look finds that it does not.
FIRST_POLL_WITH_EVENTS_S = 10.0
#: The worst wait of any run for its next look, whatever its statistics say, when the budget allows it.
LONGEST_POLL_S = 60.0
#: A look is worth at least this much lag: a single run with a whole budget to itself is not asked about all the time.
LEAST_PRICE_S = 0.1
#: Where events tell of all ends, and looks are scarce, one must save so many times what it would without them, but no
#: more than this: a look finds one end, a request of the list all.
EVENTS_FACTOR, LEAST_PRICE_WITH_EVENTS_S = 3.0, 1.0
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


class _Events(NamedTuple):
    """What events are worth to the programme."""

    missing: float
    """The part of the ends of which none tells; 1 where there are no events."""
    delay: float
    """In medians."""


_NO_EVENTS = _Events(1.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutlook:
    """What is known when the next look at a run is planned."""

    durations: Durations | None
    """Of this query; else of its lane; None: nothing has ended yet."""
    alive: int
    """Runs of the lane that may want looks."""
    retrieves_per_s: float
    requests_per_s: float
    feed: Feed | None = None
    """What events are worth; None where none tell of ends."""

    @property
    def runs_per_poll(self) -> float:
        """Divides the runs alive by the looks a second that the budgets leave beside the creates."""
        creates_per_s = self.alive / self.durations.mean_s if self.durations else 0.0
        polls_per_s = min(self.retrieves_per_s, self.requests_per_s - creates_per_s)
        return self.alive / max(polls_per_s, self.retrieves_per_s / 10)


def first_poll_s(index: int, outlook: PollOutlook) -> float:
    """Says how long to wait before the first look at a run that was just created, by its index in its flow."""
    wait_s, known = next_poll_s(0.0, outlook), outlook.durations
    if known is None or known.sigma >= WELL_KNOWN_SIGMA or index % SCOUTS or outlook.feed:
        return wait_s  # an event tells exactly how long it took, and is a scout that costs nothing
    return min(wait_s, max(known.median_s * math.exp(_SCOUT_SPREADS * known.sigma), SHORTEST_POLL_S))


def next_poll_s(age_s: float, outlook: PollOutlook) -> float:
    """Says how long to wait before looking at a run of this age."""
    durations = outlook.durations
    if durations is None:
        # In a crowd each in turn: asking for more than there is would only make those wait whose end is near.
        return _without_a_plan(age_s, outlook)
    unit, sigma = durations.median_s, _twentieth(durations.sigma)
    events = _events(outlook.feed, unit)
    price = _price(sigma, _rounded(outlook.runs_per_poll / unit), events)
    least_s = events.missing * LEAST_PRICE_S + (1 - events.missing) * _least_price_s(outlook, unit, sigma)
    following = _solve(sigma, _rounded(max(price, least_s / unit)), events)[0]
    next_age = _next_age(sigma, following, age_s / unit + 1e-9, from_birth=events.missing > 0.5)
    if next_age is None:
        # Older than nearly all of its kind: then it is of another kind, and its age is all that is known of it.
        return _without_a_plan(age_s, outlook)
    return min(max(next_age * unit - age_s, SHORTEST_POLL_S), LONGEST_POLL_S)


def _next_age(sigma: float, following: tuple[float, ...], age: float, *, from_birth: bool) -> float | None:
    """Finds the next look in a plan: of the sequence that begins at the create, or as if it began at this age.

    What is known of a query moves meanwhile, and then the sequence has a look at each place to which the same look has
    moved. Where events tell of few ends that is what the budget is for; beside them such looks find nothing.
    """
    if not from_birth:
        at = bisect_right(_ages(sigma), age) - 1
        return following[at] if at < len(following) else None
    at, next_age = 0, 0.0
    while at < len(following):
        next_age = following[at]
        if next_age > age:
            return next_age
        at = bisect_right(_ages(sigma), next_age) - 1
    return None


def _least_price_s(outlook: PollOutlook, unit_s: float, sigma: float) -> float:
    alone_s = _price(sigma, _rounded(outlook.runs_per_poll / unit_s)) * unit_s
    return min(max(EVENTS_FACTOR * alone_s, LEAST_PRICE_S), LEAST_PRICE_WITH_EVENTS_S)


def _without_a_plan(age_s: float, outlook: PollOutlook) -> float:
    wait_s = max(_by_age(age_s), outlook.runs_per_poll)
    if outlook.feed:
        wait_s = max(wait_s / outlook.feed.missing, FIRST_POLL_WITH_EVENTS_S - age_s)
    return min(wait_s, LONGEST_POLL_S)


def _events(feed: Feed | None, unit_s: float) -> _Events:
    if feed is None:
        return _NO_EVENTS
    return _Events(min(1.0, _rounded(feed.missing)), _rounded(feed.delay_s / unit_s))


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
def _price(sigma: float, runs_per_poll: float, events: _Events = _NO_EVENTS) -> float:
    """Finds the cost of a look, in medians of lag, at which the plan needs just the looks that the budget has.

    A run holds its slot for its duration and its lag, and in that time the lane's budget has
    (duration + lag) / runs_per_poll looks for it: more cost means fewer looks and more lag, so bisection finds it.
    """
    low, high = 1e-4, 50.0
    for _ in range(24):
        cost = math.sqrt(low * high)
        _, looks, lag = _solve(sigma, cost, events)
        if looks * runs_per_poll > math.exp(sigma**2 / 2) + lag:
            low = cost
        else:
            high = cost
    return high


@lru_cache(maxsize=4096)
def _solve(sigma: float, cost: float, events: _Events = _NO_EVENTS) -> tuple[tuple[float, ...], float, float]:
    """Plans for median 1: gives the age of the next look for each of `_ages` at which a run was alive, up to those that
    hardly a run reaches; and looks and lag of a run, as they are to be expected.

    From the last age backwards: `value[i]` is what a run that was alive at age i still costs. The next look at age j
    costs `cost`, unless an event told of its end before; the lag of an end between i and j; and value[j] if the run
    outlives j too. An end that was told of costs a look as well, which no plan can save: only the budget has it.
    """
    all_ages = _ages(sigma)
    between = _Between(sigma, all_ages, events)
    below, last = between.below, len(all_ages) - 1
    value, looks, lag, then = ([0.0] * (last + 1) for _ in range(4))
    for i in range(last - 1, -1, -1):
        alive = 1.0 - below[i]
        if alive < 1e-9:
            then[i] = last
            continue
        best = math.inf
        for j in range(i + 1, last + 1):
            waited, unheard = between.ends(i, j)
            outlived = 1.0 - below[j]
            total = (cost * (outlived + unheard) + waited + outlived * value[j]) / alive
            if total < best:
                best, then[i] = total, j
            elif total > 2 * best + cost:
                break  # lag only grows from here on
        j = int(then[i])
        waited, _ = between.ends(i, j)
        outlived = 1.0 - below[j]
        value[i] = best
        looks[i] = 1.0 + outlived / alive * looks[j]
        lag[i] = (waited + outlived * lag[j]) / alive
    reached = sum(1.0 - part > 1e-6 for part in below[:last])
    return tuple(all_ages[int(then[i])] for i in range(reached)), looks[0], lag[0]


class _Between:
    """What becomes of the ends between two ages at which a run is looked at."""

    def __init__(self, sigma: float, all_ages: tuple[float, ...], events: _Events) -> None:
        self._sigma, self._ages, self._events = sigma, all_ages, events
        self.below = [_cdf(age, sigma) for age in all_ages]
        self._partial = [_mean_below(age, sigma) for age in all_ages]
        heard_before = [max(0.0, age - events.delay) for age in all_ages]
        self._below_heard = [_cdf(age, sigma) for age in heard_before]
        self._partial_heard = [_mean_below(age, sigma) for age in heard_before]

    def ends(self, i: int, j: int) -> tuple[float, float]:
        """Sums up the lag of ends between ages i and j, and says how many no event has told of by then."""
        age, below, partial, events = self._ages[j], self.below, self._partial, self._events
        ended = below[j] - below[i]
        waited = age * ended - (partial[j] - partial[i])
        if events.missing >= 1.0:
            return waited, ended
        # Those before this age were told of, after the delay; those after it are found by the look.
        heard, heard_partial = max(below[i], self._below_heard[j]), max(partial[i], self._partial_heard[j])
        late = below[j] - heard
        told = events.delay * (heard - below[i]) + age * late - (partial[j] - heard_partial)
        missing = events.missing
        return missing * waited + (1 - missing) * told, missing * ended + (1 - missing) * late


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
