"""Simulates an hour's windows that become due together: how long until all have begun, and what holds them up.

Lanes are a few hundred classes of equal ones, whose sizes are log-normal; runs are a fluid. Each lane begins as many a
second as its budget allows and its cap has room for; all of them together as many as workers and servers carry, of
which each lane has its part.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

_CLASSES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What becomes due at once, and what there is for it."""

    lanes: int
    runs: int
    sigma: float
    """Of the logarithm of what a lane has; 0: all have the same."""
    mean_s: float
    creates_per_s: float
    """Of a lane."""
    cap: int
    """Of a lane."""
    capacity_per_s: float
    """Runs that all of the deployment can begin, and end, in a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How it went."""

    half_s: float
    """When half of the runs had begun."""
    most_s: float
    """When 99 % had."""
    all_s: float
    largest: float
    """Runs of the largest lane."""
    peak_alive: float
    busy: float
    """The share of the time, until 99 % had begun, in which the deployment was what held them up."""


def sizes(burst: Burst) -> list[float]:
    """Gives the runs of a lane of each class, the smallest first."""
    normal, sigma = NormalDist(), burst.sigma
    drawn = [math.exp(sigma * normal.inv_cdf((at + 0.5) / _CLASSES)) for at in range(_CLASSES)]
    return [burst.runs / burst.lanes * each * _CLASSES / sum(drawn) for each in drawn]


def drain(burst: Burst, *, step_s: float = 1.0) -> Drained:
    """Follows it until all have begun."""
    waiting, lanes = sizes(burst), burst.lanes / _CLASSES
    largest, alive = waiting[-1], [0.0] * _CLASSES
    under_way: list[deque[float]] = [deque([0.0] * max(1, round(burst.mean_s / step_s))) for _ in waiting]
    begun, at_s, peak_alive, bound_s = 0.0, 0.0, 0.0, 0.0
    moments: dict[float, float] = {}
    while begun < burst.runs * (1 - 1e-9):
        wanted = [
            max(0.0, min(left, burst.creates_per_s * step_s, burst.cap - held))
            for left, held in zip(waiting, alive, strict=True)
        ]
        share = min(1.0, burst.capacity_per_s * step_s / max(sum(wanted) * lanes, 1e-9))
        at_s += step_s
        bound_s += step_s if share < 1 and 0.99 not in moments else 0
        begun += _begin(wanted, share, waiting, alive, under_way) * lanes
        peak_alive = max(peak_alive, sum(alive) * lanes)
        moments |= {part: at_s for part in (0.5, 0.99) if part not in moments and begun >= part * burst.runs}
    return Drained(
        half_s=moments[0.5],
        most_s=moments[0.99],
        all_s=at_s,
        largest=largest,
        peak_alive=peak_alive,
        busy=bound_s / moments[0.99],
    )


def _begin(
    wanted: Sequence[float], share: float, waiting: list[float], alive: list[float], under_way: list[deque[float]]
) -> float:
    begun = 0.0
    for at, want in enumerate(wanted):
        new = want * share
        waiting[at] -= new
        alive[at] += new - under_way[at].popleft()
        under_way[at].append(new)
        begun += new
    return begun
