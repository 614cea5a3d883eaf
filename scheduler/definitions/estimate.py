"""Estimates what an expansion will take, before anything is spent: slots, requests, time. Pure functions of numbers.

The time is a lower bound: no scheduler can be faster than the most of what it is bound by, and a good one is near it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from forebay.config.connections import Connection

#: Retrieves of a run, at the least that is worth planning with: a look that comes too early, and the one that lands it.
GETS_PER_RUN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long a batch takes at best."""

    seconds: float
    bound: str
    """What it is bound by, for people."""
    slots: int
    """Of each lane: the cap without the margin."""
    alive: int
    """How many of them runs can fill at a time."""
    run_s: float | None
    """How long a run takes; None where that is not known, and the estimate is one of requests alone."""

    @property
    def fills(self) -> bool:
        """Says whether the slots can be filled, as far as there is work for them."""
        return self.alive >= self.slots


def estimate(lanes: Mapping[str, int], connection: Connection, run_s: float | None) -> Estimate:
    """Estimates it. `lanes`: how many runs fall into each; they go on beside each other, so the fullest decides."""
    runs, budgets = max(lanes.values()), connection.budgets
    slots = connection.cap - connection.margin
    bounds = {
        f"creates of {budgets.creates_per_s:g}/s": runs / budgets.creates_per_s,
        f"looks of {budgets.retrieves_per_s:g}/s": runs * GETS_PER_RUN / budgets.retrieves_per_s,
        f"requests of {budgets.requests_per_s:g}/s": runs * (1 + GETS_PER_RUN) / budgets.requests_per_s,
    }
    alive = slots
    if run_s is not None:
        bounds[f"{slots} slots"] = runs * run_s / slots
        bounds["one run"] = run_s
        alive = min(slots, max(1, round(budgets.creates_per_s * run_s)))
    bound = max(bounds, key=lambda name: bounds[name])
    return Estimate(seconds=bounds[bound], bound=bound, slots=slots, alive=alive, run_s=run_s)
