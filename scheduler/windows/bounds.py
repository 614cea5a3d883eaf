"""Says where one window ends and the next begins: by the wall clock of a zone, by elapsed time, or by a cron line.

For `scheduler/windows/calendar.py`. A wall clock that is set forward never shows some times, and one that is set back
shows some twice. One rule answers both, and keeps bounds in order: a time on the wall is the first moment at which the
wall shows it or a later one.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from forebay.config.document.cron import check_cron
from forebay.config.periods import Period, Unit

_SECOND = timedelta(seconds=1)
_FIXED = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}


class Bounds(Protocol):
    """An endless row of moments, in UTC."""

    def at_or_before(self, moment: datetime) -> datetime:
        """Finds the last bound that is not after the moment."""

    def after(self, moment: datetime) -> datetime:
        """Finds the first bound after the moment."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Every so many minutes or hours from a first one, whatever the wall shows."""

    first: datetime
    step: timedelta

    def at_or_before(self, moment: datetime) -> datetime:
        return self.first + (moment - self.first) // self.step * self.step

    def after(self, moment: datetime) -> datetime:
        return self.at_or_before(moment) + self.step


@dataclass(frozen=True, slots=True)
class OnTheWall:
    """Every so many days, weeks or months from a first one. Months count from it, so the 31st comes back after June."""

    first: datetime
    every: Period
    zone: ZoneInfo

    def at_or_before(self, moment: datetime) -> datetime:
        return self._bound(self._number(moment))

    def after(self, moment: datetime) -> datetime:
        return self._bound(self._number(moment) + 1)

    def _number(self, moment: datetime) -> int:
        """Finds the last bound that is not after the moment. The guess is off by one at most, but for odd clocks."""
        number = self._guess(_wall(moment, self.zone))
        while self._bound(number) > moment:
            number -= 1
        while self._bound(number + 1) <= moment:
            number += 1
        return number

    def _guess(self, wall: datetime) -> int:
        if self.every.unit is Unit.MONTH:
            months = (wall.year - self.first.year) * 12 + wall.month - self.first.month
            return months // self.every.count
        days = (wall - self.first).days
        return days // (self.every.count * (7 if self.every.unit is Unit.WEEK else 1))

    def _bound(self, number: int) -> datetime:
        return instant(shifted(self.first, self.every, number), self.zone)


@dataclass(frozen=True, slots=True)
class Cron:
    """The moments of a cron line, as the wall shows them; hours that the wall shows twice are one."""

    line: str
    zone: ZoneInfo

    def at_or_before(self, moment: datetime) -> datetime:
        bound = instant(self._last(moment), self.zone)
        # Where the wall was set back, it showed later times before it showed this one.
        while (later := self.after(bound)) <= moment:
            bound = later
        return bound

    def after(self, moment: datetime) -> datetime:
        wall = _wall(moment, self.zone).replace(microsecond=0)
        steps = CronSim(self.line, wall)
        while (bound := instant(_next(steps, self.line), self.zone)) <= moment:
            pass
        return bound

    def _last(self, moment: datetime) -> datetime:
        wall = _wall(moment, self.zone).replace(microsecond=0)
        return _next(CronSim(self.line, wall + _SECOND, reverse=True), self.line)


def bounds(every: str, start: datetime, zone: ZoneInfo) -> Bounds:
    """Reads those of a spec's `every`. Raises ValueError if it is neither a period nor a cron line."""
    if len(every.split()) > 1:
        check_cron(every)
        return Cron(every, zone)
    period = Period.parse(every)
    if period.unit in _FIXED:
        return Elapsed(instant(start, zone), _FIXED[period.unit] * period.count)
    return OnTheWall(start, period, zone)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Finds the first moment at which the zone's wall shows this time or a later one, in UTC."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # The wall jumps over it. Read by the offset before the jump it is after the jump, and the other way round.
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while late - early > _SECOND:
        middle = early + (late - early) // 2 // _SECOND * _SECOND
        early, late = (early, middle) if _wall(middle, zone) >= wall else (middle, late)
    return late


def shifted(wall: datetime, by: Period, times: int = 1) -> datetime:
    """Moves a time on the wall so many periods on; of a month that is too short the last day is taken."""
    count = by.count * times
    if by.unit is Unit.MONTH:
        months = wall.year * 12 + wall.month - 1 + count
        year, month = months // 12, months % 12 + 1
        return wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))
    return wall + timedelta(days=count * (7 if by.unit is Unit.WEEK else 1))


def earlier(moment: datetime, by: Period, zone: ZoneInfo) -> datetime:
    """Moves a moment back by one period: on the wall for days and more, elapsed for less."""
    return _moved(moment, by, zone, -1)


def later(moment: datetime, by: Period, zone: ZoneInfo) -> datetime:
    """Moves a moment on by one period, likewise."""
    return _moved(moment, by, zone, 1)


def _moved(moment: datetime, by: Period, zone: ZoneInfo, times: int) -> datetime:
    if by.unit in _FIXED:
        return moment + _FIXED[by.unit] * by.count * times
    return instant(shifted(_wall(moment, zone), by, times), zone)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _next(steps: CronSim, line: str) -> datetime:
    try:
        return next(steps)
    except StopIteration:
        raise ValueError(f"the cron line '{line}' has no moment in 50 years") from None
