"""Says when a window of an extract is due, and from when on it is late: the spec's `schedule`, read.

`scheduler/extracts/decisions.py` decides by it; nothing here asks a clock, a ledger or Sigma.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import dropwhile, islice, takewhile
from typing import Literal, Self

from forebay.config.document.definitions import ExtractSpec
from forebay.config.periods import Period
from forebay.scheduler.windows.bounds import Cron, later
from forebay.scheduler.windows.calendar import Calendar, Window

Overlap = Literal["skip", "queue", "allow"]

#: Ended windows that wait for data and are watched; older ones were watched when they were newer.
MOST_WAITING = 100

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What one extract's windows wait for after their end."""

    calendar: Calendar
    when: Literal["data_ready", "at_end", "cron", "manual"]
    cron: Cron | None
    delay: Period | None
    late_after: Period | None
    most: int | None
    """How many windows that should have run are run late; None: all of them."""
    overlap: Overlap

    @classmethod
    def of(cls, spec: ExtractSpec) -> Self:
        """Reads it from the spec."""
        calendar, written = Calendar.of(spec.window), spec.schedule
        if written.when in ("data_ready", "at_end", "manual"):
            when, cron = written.when, None
        else:
            when, cron = "cron", Cron(written.when, calendar.zone)
        return cls(
            calendar=calendar,
            when=when,  # type: ignore[arg-type]  # a str in the spec
            cron=cron,
            delay=written.delay,
            late_after=written.late_after,
            most=_most(str(written.catch_up)),
            overlap=written.overlap,
        )

    def due_at(self, window: Window) -> datetime | None:
        """Says the earliest moment at which it runs; None where only people run it. Data may not be ready then."""
        if self.when == "manual":
            return None
        if self.cron:
            return self.cron.after(window.end - _TICK)
        return self._after(window, self.delay) if self.delay else window.end

    def is_due(self, window: Window, now: datetime, loaded: datetime | None) -> bool:
        """Says whether it may run now; `loaded` is up to where Sigma has data, as far as anybody knows."""
        due = self.due_at(window)
        if due is None or now < due:
            return False
        return self.when != "data_ready" or (loaded is not None and loaded >= window.end)

    def deadline(self, window: Window) -> datetime | None:
        """Says from when on it is late if it has not landed; None if nothing ever is."""
        return self._after(window, self.late_after) if self.late_after else None

    def watched(self, now: datetime, loaded: datetime | None) -> Iterator[Window]:
        """Yields windows that may want something done, newest first: those that wait, and those to catch up."""

        def waits(window: Window) -> bool:
            return not self.is_due(window, now, loaded)

        # A window is never due before an older one, so the two kinds do not mix.
        yield from islice(takewhile(waits, self.calendar.ended(now)), MOST_WAITING)
        if self.when == "manual" or (self.when == "data_ready" and loaded is None):
            return
        horizon = min(now, loaded) if self.when == "data_ready" and loaded else now
        yield from islice(dropwhile(waits, self.calendar.ended(horizon)), self.most)

    def next_due(self, now: datetime) -> datetime | None:
        """Says when the next window comes due, as far as the clock alone decides."""
        if self.when == "manual":
            return None
        return self.due_at(self.calendar.following(now))

    def _after(self, window: Window, period: Period) -> datetime:
        return later(window.end, period, self.calendar.zone)


def _most(catch_up: str) -> int | None:
    if catch_up == "all":
        return None
    return 1 if catch_up == "none" else int(catch_up.removeprefix("last"))
