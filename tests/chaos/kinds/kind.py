"""Says what a kind of fault is."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.chaos.stage import Stage

Strikes = Callable[[Stage, random.Random], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault: it strikes on entering its context, and is over when the context is left."""

    name: str
    subject: str
    """Whom it strikes: two faults of one subject never overlap."""
    does: str
    """One line for the report."""
    lasts_s: tuple[float, float]
    strike: Strikes
    quick: bool = False
    """Whether the short form has it."""
