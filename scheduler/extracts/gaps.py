"""Which windows of the past a backfill has to do something about, and what. Pure functions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forebay.scheduler.extracts.decisions import Standing
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


def windows(calendar: Calendar, start: datetime | None, end: datetime | None, now: datetime) -> Iterator[Window]:
    """Those that have a part in `[start, end)` and are over, oldest first."""
    return (window for window in calendar.between(start or calendar.first, min(end or now, now)) if window.end <= now)


def gaps(standings: Iterable[Standing]) -> Iterator[Gap]:
    """What has not landed and is not on its way; a window that was skipped on purpose is a gap too."""
    for standing in standings:
        match standing.outcome:
            case None if standing.batch is None:
                yield Gap(window=standing.window, act=Act.SUBMIT)
            case "failed" | "partial":
                yield Gap(window=standing.window, act=Act.RETRY, batch=standing.batch)
            case "canceled" | "stopped" | "checks_failed":
                yield Gap(window=standing.window, act=Act.REPEAT, batch=standing.batch)
