"""Reads lengths of time as people write them in the spec: `30m`, `3h`, `1d`, `2w`, `1mo`.

A day or a month has no fixed length in a time zone, so a period stays a count and a unit;
`scheduler/windows/calendar.py` knows how to add one to a local time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Self

#: A moment that is moved by one must stay a date.
_LONGEST = timedelta(days=36_525)

_WRITTEN = re.compile(r"([1-9][0-9]{0,4})(mo|m|h|d|w)")


class Unit(StrEnum):
    """What a period counts, as it is written."""

    MINUTE = "m"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "mo"


@dataclass(frozen=True, slots=True)
class Period:
    """So many units of time."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `3h`; raises ValueError, in a sentence for the spec's author, if it is none."""
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"'{text}' is no length of time: write a number and a unit, as in 30m, 3h, 1d, 2w or 1mo")
        period = cls(int(written[1]), Unit(written[2]))
        if period.longest > _LONGEST:
            raise ValueError(f"'{text}' is longer than a hundred years")
        return period

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def elapsed(self) -> timedelta:
        """Measures it as time that has passed, where no calendar is meant: a day is 24 hours, a month 30 of these."""
        match self.unit:
            case Unit.MINUTE:
                return timedelta(minutes=self.count)
            case Unit.HOUR:
                return timedelta(hours=self.count)
            case Unit.DAY:
                return timedelta(days=self.count)
            case Unit.WEEK:
                return timedelta(weeks=self.count)
            case Unit.MONTH:
                return timedelta(days=30 * self.count)

    @property
    def longest(self) -> timedelta:
        """Measures the most time that it can be: for bounds, not for calendars."""
        match self.unit:
            case Unit.MINUTE:
                return timedelta(minutes=self.count)
            case Unit.HOUR:
                return timedelta(hours=self.count)
            case Unit.DAY:
                return timedelta(days=self.count, hours=1)
            case Unit.WEEK:
                return timedelta(weeks=self.count, hours=1)
            case Unit.MONTH:
                return timedelta(days=31 * self.count, hours=1)
