"""Says what a format is: the function that stores a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever only passes the limits on fetches nothing
    from forebay.landing.body import Incoming
    from forebay.landing.content import Content
    from forebay.landing.output import Output, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes that the operator decides."""

    large_csv_bytes: int = 64 << 20
    """A larger CSV stays zipped. Below it, plain text that every tool opens is worth more than the saved space."""

    max_csv_bytes: int = 256 << 30
    """More is taken for an attack. Stripe ends files at 5 GB; CSV of real data deflates about tenfold."""


class Format(Protocol):
    """Reads the body to its end, feeds the CSV in it to `content`, and writes one output, left uncommitted."""

    def __call__(self, body: Incoming, content: Content, target: Target, limits: Limits) -> Output: ...
