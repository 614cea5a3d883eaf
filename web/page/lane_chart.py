"""Draws the last hour of a lane as paths of an SVG: slots in use against its limit and cap, and refusals. Pure.

The server draws it, so it needs no script and no library, and the policy stays as strict as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from forebay.web.api.readings import Facts

WIDTH, HEIGHT = 720, 80
HOUR = timedelta(hours=1)
#: The picture moves on by so much, and in between it is the same, so that a live page need not send it.
STEP = timedelta(seconds=30)
#: Samples that lie further apart had nothing between them: the lane had no work.
LONGEST_GAP = 3 * STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneChart:
    """What is drawn, in a box of `WIDTH` by `HEIGHT`."""

    area: str
    """Slots in use."""
    limit: str
    cap_y: float
    top: int
    """What its upper edge stands for."""
    refused: tuple[tuple[float, str], ...]
    """Where on the axis of time, and by which gate."""
    words: str
    """The same for who does not see it."""


def lane_chart(samples: Sequence[Facts], now: datetime) -> LaneChart | None:
    """Draws samples, oldest first; None where the last hour has none."""
    end = datetime.fromtimestamp(now.timestamp() // STEP.total_seconds() * STEP.total_seconds(), now.tzinfo)
    seen = [(datetime.fromisoformat(each["at"]), each) for each in samples]
    seen = [(at, each) for at, each in seen if end - HOUR <= at]
    if not seen:
        return None
    top: int = max(1, *(max(each["cap"], each["held"]) for _, each in seen))

    def x(at: datetime) -> float:
        return round(min(WIDTH, WIDTH * (1 - (end - at) / HOUR)), 1)

    def y(slots: int) -> float:
        return round(HEIGHT * (1 - slots / top), 1)

    area, limit = [], []
    for stretch in _stretches(seen):
        first, last = x(stretch[0][0]), x(stretch[-1][0] + STEP)
        held = _line([(x(at), y(each["held"])) for at, each in stretch], last)
        area.append(f"M{first:g} {HEIGHT}L{held}V{HEIGHT}Z")
        limit.append("M" + _line([(x(at), y(each["limit"])) for at, each in stretch], last))
    return LaneChart(
        area="".join(area),
        limit="".join(limit),
        cap_y=y(seen[-1][1]["cap"]),
        top=top,
        refused=tuple((x(at), gate) for at, each in seen for gate in each["refused"]),
        words=_words(seen, now),
    )


def _stretches(seen: Sequence[tuple[datetime, Facts]]) -> Iterator[list[tuple[datetime, Facts]]]:
    """Cuts samples into stretches where the lane had no work between them."""
    stretch = [seen[0]]
    for before, after in pairwise(seen):
        if after[0] - before[0] > LONGEST_GAP:
            yield stretch
            stretch = []
        stretch.append(after)
    yield stretch


def _line(points: list[tuple[float, float]], last_x: float) -> str:
    """Writes points as a path that goes on to `last_x`, without those at which it goes straight on."""
    points = [*points, (max(last_x, points[-1][0]), points[-1][1])]
    kept = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        if not before[1] == point[1] == after[1]:
            kept.append(point)
    kept.append(points[-1])
    return "L".join(f"{x:g} {y:g}" for x, y in kept)


def _words(seen: Sequence[tuple[datetime, Facts]], now: datetime) -> str:
    last_at, last = seen[-1]
    held = [each["held"] for _, each in seen]
    idle = now - last_at > LONGEST_GAP
    since = f"without work since {last_at:%H:%M}" if idle else f"{last['held']:,} in use now"
    refusals: Counter[str] = Counter()
    for _, each in seen:
        refusals.update(each["refused"])
    refused = ", ".join(f"{count:,} × {gate}" for gate, count in refusals.items()) or "nothing"
    limits = f"limit {last['limit']:,} of cap {last['cap']:,}"
    return f"{since}; {min(held):,} to {max(held):,} in use; {limits}; refused: {refused}"
