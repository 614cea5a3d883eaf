"""Cuts time into an extract's windows, and names each.

Windows are half-open, in UTC, and tile time from the extract's first bound at or after `start`. They are computed from
the bounds next to a moment (`scheduler/windows/bounds.py`), so years after the start it costs no more. A window's
batch id says where it begins and ends, so whoever thinks of one window thinks of the same batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from forebay.config.document.window_spec import WindowsSpec
from forebay.config.periods import Period
from forebay.scheduler.windows.bounds import Bounds, bounds, earlier, instant

_TICK = timedelta(microseconds=1)
_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.(\d{8}T\d{4}(?:\d\d)?)Z-(\d{8}T\d{4}(?:\d\d)?)Z(?:\.r([1-9]\d*))?")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start` up to before `end`; both in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The windows of one extract."""

    zone: ZoneInfo
    bounds: Bounds
    first: datetime
    """Where the first window begins."""
    lookback: Period | None = None

    @classmethod
    def of(cls, spec: WindowsSpec) -> Self:
        """Reads it from the spec. Raises ValueError if the spec's `every` or `timezone` cannot be used."""
        try:
            zone = ZoneInfo(spec.timezone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone '{spec.timezone}'; write one such as Europe/Berlin") from None
        cuts = bounds(spec.every, spec.start, zone)
        first = cuts.after(instant(spec.start, zone) - _TICK)
        return cls(zone=zone, bounds=cuts, first=first, lookback=spec.lookback)

    def containing(self, moment: datetime) -> Window | None:
        """Finds the window that the moment is in; None before the first."""
        if moment < self.first:
            return None
        return Window(_utc(self.bounds.at_or_before(moment)), _utc(self.bounds.after(moment)))

    def following(self, moment: datetime) -> Window:
        """Finds the window that ends next after the moment: the one that it is in, or the first."""
        return self.containing(max(moment, self.first)) or self._beginning(self.first)

    def ended(self, now: datetime) -> Iterator[Window]:
        """Yields all that have ended by now, newest first."""
        end = self.bounds.at_or_before(now)
        while end > self.first:
            start = self.bounds.at_or_before(end - _TICK)
            yield Window(_utc(start), _utc(end))
            end = start

    def between(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Yields all that have a part in `[start, end)`, oldest first."""
        window = self.following(start)
        while start < end and window.start < end:
            yield window
            window = self._beginning(window.end)

    def has(self, window: Window) -> bool:
        """Says whether this is one of its windows: after a change of the spec, older ones may not be."""
        return self.containing(window.start) == window

    def query_start(self, window: Window) -> datetime:
        """Says where the query begins to read: the window's start, or earlier by the lookback."""
        return earlier(window.start, self.lookback, self.zone) if self.lookback else window.start

    def _beginning(self, start: datetime) -> Window:
        return Window(_utc(start), _utc(self.bounds.after(start)))


def window_batch_id(extract: str, window: Window, again: int = 0) -> str:
    """Names a window's batch: `fees.20261001T0400Z-20261002T0400Z`, and `.r2` for the first deliberate repeat."""
    repeat = f".r{again + 1}" if again else ""
    return f"{extract}.{window_name(window)}{repeat}"


def window_name(window: Window) -> str:
    """Names a window: `20261001T0400Z-20261002T0400Z`. Names sort as windows do."""
    return f"{_stamp(window.start)}-{_stamp(window.end)}"


def parse_batch_id(batch_id: str) -> tuple[str, Window, int] | None:
    """Reads extract, window and repeat from a batch id; None if it is none of a window."""
    match = _ID.fullmatch(batch_id)
    if match is None:
        return None
    extract, start, end, repeat = match.groups()
    try:
        window = Window(_read_stamp(start), _read_stamp(end))
    except ValueError:
        return None
    again = int(repeat) - 1 if repeat else 0
    return (extract, window, again) if window_batch_id(extract, window, again) == batch_id else None


def label(window: Window, zone: ZoneInfo) -> str:
    """Names a window for people, on the wall of the zone.

    `2026-10-01`, `2026-10`, `2026-09-28..2026-10-04` or `2026-10-01 05:00`.
    """
    start, end = (moment.astimezone(zone) for moment in (window.start, window.end))
    day, last = start.date(), (window.end - _TICK).astimezone(zone).date()
    if window.start != instant(_midnight(day), zone) or window.end != instant(_midnight(end.date()), zone):
        # An hour that the wall shows twice has its offset beside it.
        twice = start.utcoffset() != start.replace(fold=1 - start.fold).utcoffset()
        return f"{start:%Y-%m-%d %H:%M}{f'{start:%z}' if twice else ''}"
    if day == last:
        return day.isoformat()
    if day.day == 1 and (last + timedelta(days=1)).day == 1 and last - day < timedelta(days=31):
        return f"{day:%Y-%m}"
    return f"{day}..{last}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # on the wall


def _stamp(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return at.strftime("%Y%m%dT%H%M%SZ" if at.second else "%Y%m%dT%H%MZ")


def _read_stamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S" if len(text) > 13 else "%Y%m%dT%H%M").replace(tzinfo=UTC)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
