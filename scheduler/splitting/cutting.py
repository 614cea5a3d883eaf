"""Cuts a window into parts: aligned, each at least so long, at most so many, and always the same.

Pure, and canonical: nothing but the window, the rule and the number that is asked for decides, so whoever cuts again,
after a crash or on another machine, gets the same parts, and with them the same ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from forebay.config.periods import Period, Unit
from forebay.scheduler.windows.bounds import Bounds, Elapsed, OnTheWall, later
from forebay.store.ledger.batch_policy import Span, Splitting

#: Lengths of parts that people would cut by, coarsest first. Days and more go by the wall, from the window's start;
#: less goes by elapsed time. Each is at most about twice the next one, so few more parts come than were asked for.
_STEPS = tuple(
    Period.parse(step)
    for step in (
        "6mo", "3mo", "2mo", "1mo", "2w", "1w", "4d", "3d", "2d", "1d",
        "12h", "8h", "6h", "4h", "3h", "2h", "1h", "30m", "20m", "15m", "10m", "5m", "2m", "1m",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How far a window may be cut, and by which wall clock."""

    zone: ZoneInfo
    least: Period
    """How long each part is at least."""
    most: int
    """How many parts there may be."""

    @classmethod
    def of(cls, split: Splitting) -> "Rule":
        """Reads it from a policy."""
        return cls(zone=ZoneInfo(split.timezone), least=Period.parse(split.min), most=split.max_parts)


def cut(window: Span, wanted: int, rule: Rule) -> tuple[Span, ...]:
    """Cuts into the fewest aligned parts that are at least `wanted`, or into as many as the rule allows.

    They tile the window exactly. Where it cannot be cut, it is the one part itself.
    """
    wanted = min(wanted, rule.most)
    bounds: tuple[datetime, ...] = (window.start, window.end)
    for step in _steps(rule.least):
        finer = _bounds(window, step, rule)
        if finer is not None and len(finer) > len(bounds):
            bounds = finer
        if len(bounds) > wanted:
            break
    bounds = _thinned(bounds, rule.most)
    return tuple(Span(start=start, end=end) for start, end in pairwise(bounds))


def generations(window: Span, rule: Rule) -> Iterator[tuple[Span, ...]]:
    """Yields all cuts that may ever be tried, each into twice as many parts as the one before, or as near as may be."""
    done = 1
    while len(parts := cut(window, 2 * done, rule)) > done:
        yield parts
        done = len(parts)


def _steps(least: Period) -> Iterator[Period]:
    """Yields the coarsest to the finest that is not plainly shorter than a part may be; `least` itself comes last."""
    yield from (step for step in _STEPS if step.longest > least.longest)
    yield least


def _bounds(window: Span, step: Period, rule: Rule) -> tuple[datetime, ...] | None:
    """Finds where steps from the window's start end, the last part longer if need be; None if a part is too short."""
    bounds = [window.start]
    for cut_at in _row(window, step, rule.zone):
        if not _long_enough(bounds[-1], cut_at, rule):
            return None
        if not _long_enough(cut_at, window.end, rule):
            break
        bounds.append(cut_at)
    return (*bounds, window.end)


def _row(window: Span, step: Period, zone: ZoneInfo) -> Iterator[datetime]:
    bounds: Bounds
    if step.unit in (Unit.MINUTE, Unit.HOUR):
        bounds = Elapsed(window.start, step.longest)
    else:
        bounds = OnTheWall(window.start.astimezone(zone).replace(tzinfo=None, fold=0), step, zone)
    cut_at = bounds.after(window.start)
    while cut_at < window.end:
        yield cut_at
        cut_at = bounds.after(cut_at)


def _long_enough(start: datetime, end: datetime, rule: Rule) -> bool:
    return later(start, rule.least, rule.zone) <= end


def _thinned(bounds: tuple[datetime, ...], most: int) -> tuple[datetime, ...]:
    """Leaves at most so many parts: neighbours go together, as evenly as whole steps allow."""
    parts = len(bounds) - 1
    if parts <= most:
        return bounds
    return tuple(bounds[number * parts // most] for number in range(most + 1))
