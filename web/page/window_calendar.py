"""Lays windows out as a calendar: a row a month of days, or a row a day of hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from forebay.web.api.readings import Facts


def calendar_rows(windows: Iterable[Facts]) -> list[tuple[str, list[Facts]]]:
    """Puts windows into rows, the newest row first, each in the order of time; each gets a short `mark`.

    A label is `2026-10-01`, `2026-10`, `2026-09-28..2026-10-04` or `2026-10-01 05:00`: what is before its last part
    names the row.
    """
    rows: dict[str, list[Facts]] = {}
    for window in windows:
        row, mark = _place(str(window["label"]))
        rows.setdefault(row, []).append({**window, "mark": mark})
    return [(row, sorted(cells, key=lambda cell: str(cell["start"]))) for row, cells in rows.items()]


def _place(label: str) -> tuple[str, str]:
    day, blank, clock = label.partition(" ")
    if blank:
        return day, clock[:2] if clock[2:5] == ":00" else clock[:5]
    first = label.partition("..")[0]
    if len(first) == len("2026-10"):
        return first[:4], first[5:]
    return first[:7], first[8:]
