"""Computes T°, the makespan that nobody can beat by much: first come, first served, by one who knows each end at once.

Same durations, same order, same cap, same create rate as the contenders; a slot is used again in the instant in which
its run ends. Given a lag, the same simulation says what an observer that notices each end so much later could reach.
"""

import heapq
from collections.abc import Callable, Sequence

from bench.account import Lifetime


def first_come_first_served(
    durations_s: Sequence[float], *, cap: int, creates_per_s: float, lag_s: Callable[[float], float] = lambda _: 0.0
) -> list[Lifetime]:
    """Follows each run from second 0 on. `lag_s(duration)` is how late that run's end is noticed."""
    free_at = [0.0] * cap
    next_create = 0.0
    runs = []
    for duration_s in durations_s:
        created = max(next_create, free_at[0])
        next_create = created + 1 / creates_per_s
        run = Lifetime(created, created + duration_s, created + duration_s + lag_s(duration_s))
        heapq.heapreplace(free_at, run.noticed)
        runs.append(run)
    return runs


def makespan_s(runs: Sequence[Lifetime]) -> float:
    """Measures from the first create to the last end that is noticed."""
    return max(run.noticed for run in runs) - min(run.created for run in runs)
