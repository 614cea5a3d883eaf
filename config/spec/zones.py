"""Names of time zones in the spec, with the near miss."""

from __future__ import annotations

import difflib
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def check_zone(name: str) -> str:
    """Give back `name` if this machine knows the zone; raise ValueError, in a sentence for the author, if not."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone '{name}'{_hint(name)}") from None
    return name


def _hint(name: str) -> str:
    # Listed only now: it walks hundreds of files.
    known = {zone.casefold(): zone for zone in available_timezones()}
    near = difflib.get_close_matches(name.casefold(), known, n=1)
    return f", did you mean '{known[near[0]]}'?" if near else "; a name is such as UTC or Europe/Berlin"
