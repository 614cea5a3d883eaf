"""Holds one line of the table of costs: what was found, beside what was demanded. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFigure:
    """What one thing costs."""

    what: str
    now: str
    demanded: str
    """By issue 15; empty where nothing was."""
    found: Mapping[str, float] = field(default_factory=dict)
    """The numbers behind it, by name with unit."""

    def cells(self) -> list[str]:
        """Gives the line of the table."""
        return [self.what, self.now, self.demanded]


def ms(seconds: float) -> str:
    """Writes a time."""
    return f"{seconds * 1000:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"
