"""Finds the plan of looks at a run that costs least: a small dynamic programme, in medians of how long such runs take.

Nothing is learned while a run goes on except that it goes on, so the best plan for it follows from its age. `solve`
finds it for a price, which is the lag that a look has to save; `price_of_a_look` finds the price at which the looks of
a lane just fit its budget. `poll_times.py` says what follows for the run in hand.
"""

import math
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

from forebay.governor.durations import normal_cdf

#: Ages of the programme: so many where ends are likely (in spreads from the median), never beyond these (in medians).
_STEPS = 80
_EARLIEST_SPREADS, _LATEST_SPREADS = -3.5, 5.0
_FIRST, _LAST = 0.02, 40.0
#: Each halving of the range in which a price is looked for costs a run of the programme. So many leave 0.3 % of it, and
#: prices are rounded to some 8 % before a plan is made of them.
HALVINGS = 12


class Events(NamedTuple):
    """What events are worth to the programme."""

    missing: float
    """The part of the ends of which none tells; 1 where there are no events."""
    delay: float
    """In medians."""


NO_EVENTS = Events(1.0, 0.0)


def age_of_next_look(sigma: float, following: tuple[float, ...], age: float, *, from_birth: bool) -> float | None:
    """Finds the next look in a plan: of the sequence that begins at the create, or as if it began at this age.

    What is known of a query moves meanwhile, and then the sequence has a look at each place to which the same look has
    moved. Where events tell of few ends, or too late, that is what the budget is for; beside them such looks find
    nothing.
    """
    if not from_birth:
        at = bisect_right(ages_to_look_at(sigma), age) - 1
        return following[at] if at < len(following) else None
    at, next_age = 0, 0.0
    while at < len(following):
        next_age = following[at]
        if next_age > age:
            return next_age
        at = bisect_right(ages_to_look_at(sigma), next_age) - 1
    return None


@lru_cache(maxsize=512)
def price_of_a_look(sigma: float, runs_per_poll: float, events: Events = NO_EVENTS) -> float:
    """Finds the cost of a look, in medians of lag, at which the plan needs just the looks that the budget has.

    A run holds its slot for its duration and its lag, and in that time the lane's budget has
    (duration + lag) / runs_per_poll looks for it: more cost means fewer looks and more lag, so bisection finds it.
    """
    low, high = 1e-4, 50.0
    for _ in range(HALVINGS):
        cost = math.sqrt(low * high)
        _, looks, lag = solve(sigma, cost, events)
        if looks * runs_per_poll > math.exp(sigma**2 / 2) + lag:
            low = cost
        else:
            high = cost
    return high


@lru_cache(maxsize=4096)
def solve(sigma: float, cost: float, events: Events = NO_EVENTS) -> tuple[tuple[float, ...], float, float]:
    """Plans for median 1: gives the age of the next look for each of `ages_to_look_at` at which a run was alive, up to
    those that hardly a run reaches; and looks and lag of a run, as they are to be expected.

    From the last age backwards: `value[i]` is what a run that was alive at age i still costs. The next look at age j
    costs `cost`, unless an event told of its end before; the lag of an end between i and j; and value[j] if the run
    outlives j too. An end that was told of costs a look as well, which no plan can save: only the budget has it.
    """
    all_ages = ages_to_look_at(sigma)
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

    def __init__(self, sigma: float, all_ages: tuple[float, ...], events: Events) -> None:
        self._ages, self._events = all_ages, events
        self.below = [ended_by(age, sigma) for age in all_ages]
        self._partial = [mean_below(age, sigma) for age in all_ages]
        heard_before = [max(0.0, age - events.delay) for age in all_ages]
        self._below_heard = [ended_by(age, sigma) for age in heard_before]
        self._partial_heard = [mean_below(age, sigma) for age in heard_before]

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
def ages_to_look_at(sigma: float) -> tuple[float, ...]:
    """Lists ages at which the programme may look, in medians: even steps of the logarithm, finer for less spread."""
    first = max(math.log(_FIRST), _EARLIEST_SPREADS * sigma)
    last = min(math.log(_LAST), _LATEST_SPREADS * sigma)
    return (0.0, *(math.exp(first + (last - first) * step / (_STEPS - 1)) for step in range(_STEPS)))


def ended_by(age: float, sigma: float) -> float:
    """Gives the part of the runs that end before this age; the median is 1."""
    return 0.0 if age <= 0 else normal_cdf(math.log(age) / sigma)


def mean_below(age: float, sigma: float) -> float:
    """Takes the mean of durations, counting only those below this age."""
    if age <= 0:
        return 0.0
    return math.exp(sigma**2 / 2) * normal_cdf(math.log(age) / sigma - sigma)
