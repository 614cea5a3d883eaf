"""Decides from a seed alone which fault strikes when, and for how long: the same seed is the same schedule.

Faults of one subject (Valkey, Stripe, the store, …) follow each other; those of different subjects overlap as they
fall, since trouble seldom comes alone.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.kinds.kind import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault of a schedule."""

    kind: Kind
    at_s: float
    """Since the first batch was submitted."""
    for_s: float
    seed: int
    """Of the dice that the fault itself throws."""

    def __str__(self) -> str:
        return f"{self.at_s:7.1f} s  {self.kind.subject:<9} {self.kind.name}, for {self.for_s:.1f} s"


def schedule(seed: int, kinds: Sequence[Kind], *, quiet_s: float = 4, within_s: float = 0) -> list[Strike]:
    """Strikes once with each kind, in the order of time.

    `quiet_s` is how long a subject is left alone between two faults, on average; `within_s` spreads the faults of
    each subject over at least that time.
    """
    by_subject = defaultdict(list)
    for kind in kinds:
        by_subject[kind.subject].append(kind)
    strikes: list[Strike] = []
    for subject in sorted(by_subject):
        strikes += _track(random.Random(f"{seed}/{subject}"), by_subject[subject], quiet_s, within_s)
    return sorted(strikes, key=lambda strike: (strike.at_s, strike.kind.name))


def _track(dice: random.Random, kinds: list[Kind], quiet_s: float, within_s: float) -> list[Strike]:
    dice.shuffle(kinds)
    lengths_s = [dice.uniform(*kind.lasts_s) for kind in kinds]
    gap_s = max(quiet_s, (within_s - sum(lengths_s)) / (len(kinds) + 1))
    strikes, at_s = [], 0.0
    for kind, length_s in zip(kinds, lengths_s, strict=True):
        at_s += gap_s * dice.uniform(0.5, 1.5)
        seed = dice.getrandbits(32)
        strikes.append(Strike(kind=kind, at_s=round(at_s, 2), for_s=round(length_s, 2), seed=seed))
        at_s += length_s
    return strikes
