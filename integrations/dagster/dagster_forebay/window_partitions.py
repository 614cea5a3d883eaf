"""Makes the windows of an extract partitions of Dagster: a window is a partition, or the extract has none.

Dagster cuts time by a cron line and a zone, and Forebay by the wall of a zone, by elapsed time or by a cron line. Where
a wall is set back and shows an hour twice, Forebay takes a bound in it for the first of the two, and Dagster mostly for
the second. Windows that Dagster would cut otherwise, or that no cron line describes (`2d`, `5h`), are no partitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import dagster as dg

from dagster_forebay.extract_description import ExtractDescription

_PERIOD = re.compile(r"([1-9]\d*)(mo|m|h|d|w)")
_MINUTES_OF = {"m": 1, "h": 60}
_DAYS_OF = {"d": 1, "w": 7}
#: Every month has such a day; of a later one Forebay takes the last of a short month, and cron skips that.
_LAST_DAY_OF_ALL_MONTHS = 28
#: Zones change their clocks by rules of a year; so many of them are looked at for hours that the wall shows twice.
_YEARS_LOOKED_AT = 12


def partitions_of(extract: ExtractDescription) -> dg.TimeWindowPartitionsDefinition | None:
    """Gives the partitions that are its windows; None where Dagster cannot cut time as the extract does."""
    found = _cron_of(extract)
    if found is None:
        return None
    line, zone, key_format = found
    first = extract.first.astimezone(ZoneInfo(zone))
    partitions = dg.TimeWindowPartitionsDefinition(
        start=first.replace(tzinfo=None), cron_schedule=line, timezone=zone, fmt=key_format
    )
    return partitions if _cuts_as_forebay(partitions, first) else None


def window_of(partitions: dg.TimeWindowPartitionsDefinition, key: str) -> dg.TimeWindow:
    """Gives the window that a partition's key names."""
    return partitions.time_window_for_partition_key(key)


def key_of(partitions: dg.TimeWindowPartitionsDefinition, start: datetime, end: datetime) -> str | None:
    """Names the partition that is this window; None where there is none, as after a change of the spec."""
    key = partitions.get_partition_key_for_timestamp(start.timestamp())
    window = window_of(partitions, key)
    return key if (window.start, window.end) == (start, end) else None


def read_period(text: str) -> tuple[int, str] | None:
    """Reads a length of time as the spec has it, a number and `m`, `h`, `d`, `w` or `mo`; None if it is none."""
    written = _PERIOD.fullmatch(text)
    return (int(written[1]), written[2]) if written else None


def _cron_of(extract: ExtractDescription) -> tuple[str, str, str] | None:
    """Says by which cron line, in which zone, and how keys are written; None where there is no such line."""
    if len(extract.every.split()) > 1:
        return (extract.every, extract.time_zone, "%Y-%m-%d-%H:%M") if _is_understood(extract.every) else None
    period = read_period(extract.every)
    if period is None or extract.first.second:
        return None
    count, unit = period
    if unit in _MINUTES_OF:
        # They count time that passes, whatever a wall shows: so keys are in UTC, as names of such results are.
        line = _of_minutes(count * _MINUTES_OF[unit], extract.first.astimezone(UTC))
        return (line, "UTC", "%Y-%m-%d-%H:%M") if line else None
    wall = extract.first.astimezone(ZoneInfo(extract.time_zone))
    line = _of_months(count, wall) if unit == "mo" else _of_days(count * _DAYS_OF[unit], wall)
    return (line, extract.time_zone, "%Y-%m-%d") if line else None


def _of_minutes(step: int, first: datetime) -> str | None:
    if 60 % step == 0:
        return f"{_row(range(first.minute % step, 60, step))} * * * *"
    if step % 60 == 0 and 24 % (step // 60) == 0:
        return f"{first.minute} {_row(range(first.hour % (step // 60), 24, step // 60))} * * *"
    return None


def _of_days(step: int, first: datetime) -> str | None:
    day_of_week = {1: "*", 7: str(first.isoweekday() % 7)}.get(step)
    return f"{first.minute} {first.hour} * * {day_of_week}" if day_of_week else None


def _of_months(step: int, first: datetime) -> str | None:
    if 12 % step or first.day > _LAST_DAY_OF_ALL_MONTHS:
        return None
    months = "*" if step == 1 else _row(sorted((first.month - 1 + number) % 12 + 1 for number in range(0, 12, step)))
    return f"{first.minute} {first.hour} {first.day} {months} *"


def _row(numbers: range | list[int]) -> str:
    return ",".join(map(str, numbers))


def _is_understood(line: str) -> bool:
    """Tells whether Dagster takes a cron line that the spec has."""
    try:
        dg.TimeWindowPartitionsDefinition(start="2026-01-01", cron_schedule=line, fmt="%Y-%m-%d")
    except dg.DagsterInvalidDefinitionError:
        return False
    return True


def _cuts_as_forebay(partitions: dg.TimeWindowPartitionsDefinition, first: datetime) -> bool:
    """Tells whether no window begins where the wall shows a time for the second time."""
    assert first.tzinfo  # noqa: S101 - it was put there
    for start, end in _shown_twice(first.tzinfo, first, first + timedelta(days=366 * _YEARS_LOOKED_AT)):
        window = partitions.get_next_partition_window(start, respect_bounds=False)
        if window and window.start < end:
            return False
    return True


def _shown_twice(zone: tzinfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yields the stretches in which a wall shows times that it has shown before."""
    day = since.astimezone(UTC)
    while day < until:
        following = day + timedelta(days=1)
        back = _offset(day, zone) - _offset(following, zone)
        if back > timedelta():
            turn = _turn(day, following, zone)
            yield turn, turn + back
        day = following


def _turn(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """Finds the moment between two at which the wall is set back, to a second."""
    before = _offset(early, zone)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        early, late = (middle, late) if _offset(middle, zone) == before else (early, middle)
    # Clocks are set at whole minutes, and the search ends within a second behind one.
    return late.replace(microsecond=0)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
