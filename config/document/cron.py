"""Checks cron lines in the spec: five fields, as crontab(5) has them.

What they mean over time is `scheduler/windows/calendar.py`'s.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

#: Any moment will do: asked is only whether the line ever comes.
_SOMETIME = datetime(2026, 1, 1, tzinfo=UTC)


def check_cron(line: str) -> str:
    """Gives `line` back if it names moments; raises ValueError, in a sentence for the spec's author, if not."""
    if len(line.split()) != 5:
        raise ValueError(f"'{line}' is no cron line: it needs five fields, as in '0 6 * * 1'")
    try:
        first = next(CronSim(line, _SOMETIME), None)
    except CronSimError as exc:
        raise ValueError(f"'{line}' is no cron line: {str(exc).lower()}") from None
    if first is None:
        raise ValueError(f"the moment of the cron line '{line}' never comes")
    return line
