"""How many parts a window will need, from what the last ones came to: before anything is spent, and once one failed.

Pure. A result is as large as its window is long, as far as anybody can tell; the wall is Stripe's 5 GB of the delivered
file and 90 minutes of running.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from forebay.store.policy import Span

#: What Stripe gives a query.
MOST_BYTES = 5_000_000_000
MOST_S = 90 * 60.0

#: A window that came closer to a wall than this is cut before it runs: it grows, and hitting the wall costs a slot for
#: up to 90 minutes.
NEAR = 0.8

#: What a part is meant to come to. Rows are not spread evenly: one with twice the mean still fits.
GOOD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One landed window of the same query over the same accounts. Of one that landed in parts, their sums."""

    window: Span
    bytes: int
    """Of the delivered file."""
    seconds: float
    """From its submission to its end."""


def parts_wanted(past: Iterable[Landed], window: Span) -> int:
    """1: whole. The past windows may be of other lengths."""
    load = max((_load(landed, window) for landed in past), default=0.0)
    return 1 if load <= NEAR else max(2, ceil(load / GOOD))


def _load(landed: Landed, window: Span) -> float:
    """How much of a wall this window would use if it were as dense as the landed one."""
    longer = (window.end - window.start) / (landed.window.end - landed.window.start)
    return longer * max(landed.bytes / MOST_BYTES, landed.seconds / MOST_S)
