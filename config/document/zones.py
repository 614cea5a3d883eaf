"""Checks names of time zones in the spec, with the near miss."""

from __future__ import annotations

import difflib
import re
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def check_zone(name: str) -> str:
    """Gives `name` back if this machine knows the zone; raises ValueError, in a sentence for the author, if not."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone '{name}'{_hint(name)}") from None
    return name


@cache
def _known() -> dict[str, str]:
    """Lists all zones. Asked for only where a name is wrong: it walks hundreds of files."""
    return {zone.casefold(): zone for zone in available_timezones()}


def _hint(name: str) -> str:
    if re.fullmatch(r"[A-Z]{2,5}", name):
        # What is near in letters may be hours away on the clock.
        return "; abbreviations are not taken, since many mean two zones: write one such as Europe/Berlin, or UTC"
    known = _known()
    near = difflib.get_close_matches(name.casefold(), known, n=1)
    return f", did you mean '{known[near[0]]}'?" if near else "; a name is such as UTC or Europe/Berlin"
