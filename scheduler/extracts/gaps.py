"""Decides which windows of the past a backfill has to do something about, and what. Pure functions.

One that is taken up again later, since its process died, tells by the times alone what it has done (`filling_of`): what
ended after it began had its turn, so nothing is asked of Stripe twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forebay.scheduler.extracts.decisions import WindowStatus
from forebay.scheduler.windows.calendar import Calendar, Window


class Act(StrEnum):
    """What fills a window's gap."""

    SUBMIT = "submit"  # nothing of it was ever accepted
    RETRY = "retry"  # some of its runs failed
    REPEAT = "repeat"  # it was given up, or what landed failed its checks: a batch of its own, again


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A window that has not landed, and how that is mended."""

    window: Window
    act: Act
    batch: str | None = None
    """What there is of it so far."""
    closed_at: datetime | None = None
    """When that ended; if it has ended anew since, somebody else took it up."""


def windows(calendar: Calendar, start: datetime | None, end: datetime | None, now: datetime) -> Iterator[Window]:
    """Yields those that have a part in `[start, end)` and are over, oldest first."""
    return (window for window in calendar.between(start or calendar.first, min(end or now, now)) if window.end <= now)


def gaps(statuses: Iterable[WindowStatus]) -> Iterator[Gap]:
    """Yields what has not landed and is not on its way, what was skipped on purpose too; what was pruned is none."""
    for status in statuses:
        match status.outcome:
            case None if status.batch is None and not status.pruned:
                yield Gap(window=status.window, act=Act.SUBMIT)
            case "failed" | "partial":
                yield Gap(window=status.window, act=Act.RETRY, batch=status.batch, closed_at=status.closed_at)
            case "canceled" | "stopped" | "checks_failed":
                yield Gap(window=status.window, act=Act.REPEAT, batch=status.batch)


class Filling(StrEnum):
    """How far a backfill is with a window."""

    LEFT = "left"  # its turn has still to come
    RUNNING = "running"  # its batch is at work
    FILLED = "filled"  # it landed
    FAILED = "failed"  # it had its turn, and is a gap again


def filling_of(status: WindowStatus, begun: datetime) -> Filling | None:
    """Says how far a backfill that began at `begun` is with a window; None where there was nothing to fill."""
    if status.open:
        return Filling.RUNNING
    if status.closed_at and status.closed_at >= begun:
        return Filling.FILLED if status.landed_at else Filling.FAILED
    return Filling.LEFT if next(gaps([status]), None) else None


def gaps_left(statuses: Iterable[WindowStatus], begun: datetime) -> Iterator[Gap]:
    """Yields those of `gaps` whose turn has still to come in a backfill that began at `begun`."""
    return gaps(status for status in statuses if filling_of(status, begun) is Filling.LEFT)
