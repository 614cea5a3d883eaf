"""Divides a makespan: pure arithmetic over the lifetimes of runs, measured or simulated."""

from collections.abc import Sequence
from dataclasses import dataclass

#: From here on the slots count as filled: the last few are a matter of luck.
_FILLED = 0.95


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Three instants of one run, in seconds of one clock. `noticed` is when its contender knew of its end."""

    created: float
    ended: float
    noticed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Parts of a makespan in seconds: slot-seconds divided by the cap, so that they add up to it."""

    busy_s: float
    """A run was alive in the slot; no contender can have less."""
    ramp_s: float
    """Slots without a run before (almost) all had been taken."""
    lag_s: float
    """Runs that had ended and were not noticed, while others waited."""
    refill_s: float
    """Slots known to be free, while others waited."""
    tail_s: float
    """Empty slots after the last create, up to the last landing."""

    @property
    def full_use(self) -> float:
        """Gives the share of the slots in use while they could be: after the ramp, before the last create."""
        return self._busy_between_s / self._between_s if self._between_s else 0.0

    _busy_between_s: float
    _between_s: float


def account(runs: Sequence[Lifetime], *, cap: int, until: float) -> Account:
    """Divides [first create, `until`] among what slots were doing. `runs` has at least one."""
    start, last_create = min(run.created for run in runs), max(run.created for run in runs)
    filled = min(_filled_at(runs, cap), last_create)
    busy = [
        _overlap_s(runs, *window) / cap for window in ((start, filled), (filled, last_create), (last_create, until))
    ]
    lag_s = sum(max(0.0, min(run.noticed, last_create) - max(run.ended, filled)) for run in runs) / cap
    between_s = last_create - filled
    return Account(
        busy_s=sum(busy),
        ramp_s=filled - start - busy[0],
        lag_s=lag_s,
        refill_s=between_s - busy[1] - lag_s,
        tail_s=until - last_create - busy[2],
        _busy_between_s=busy[1],
        _between_s=between_s,
    )


def alive_curve(runs: Sequence[Lifetime]) -> tuple[list[float], list[int]]:
    """Counts the runs that are alive after each change, from the first create on."""
    return _curve([(run.created, run.ended) for run in runs])


def _curve(spans: Sequence[tuple[float, float]]) -> tuple[list[float], list[int]]:
    start = min(begin for begin, _ in spans)
    changes = sorted([(begin - start, 1) for begin, _ in spans] + [(end - start, -1) for _, end in spans])
    times, counts, alive = [0.0], [0], 0
    for time, change in changes:
        alive += change
        times.append(time)
        counts.append(alive)
    return times, counts


def _filled_at(runs: Sequence[Lifetime], cap: int) -> float:
    """Finds when 95 % of the slots are taken, each until its run's end is noticed: they are never alive at once."""
    start = min(run.created for run in runs)
    for time, held in zip(*_curve([(run.created, run.noticed) for run in runs]), strict=True):
        if held >= _FILLED * cap:
            return start + time
    return start  # never: then all of its emptiness is lag or refill


def _overlap_s(runs: Sequence[Lifetime], begin: float, end: float) -> float:
    return sum(max(0.0, min(run.ended, end) - max(run.created, begin)) for run in runs)
