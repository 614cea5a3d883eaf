"""Decides from a seed alone which fault strikes when, and for how long: the same seed is the same schedule.

Faults of one subject (Valkey, Stripe, the store, …) follow each other; those of different subjects overlap as they
fall, since trouble seldom comes alone.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice

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
    """Strikes once with each kind, in the order of time: the first round of each track."""
    first = (islice(track, size) for track, size in tracks(seed, kinds, quiet_s=quiet_s, within_s=within_s))
    return sorted(chain(*first), key=lambda strike: (strike.at_s, strike.kind.name))


def tracks(
    seed: int, kinds: Sequence[Kind], *, quiet_s: float = 4, within_s: float = 0
) -> list[tuple[Iterator[Strike], int]]:
    """Gives for each subject its faults, round after round without end, each kind once a round; and a round's size.

    `quiet_s` is how long a subject is left alone between two faults, on average, where it has the most of them; the
    rounds of all others take as long as its own. `within_s` spreads a round over at least that time.
    """
    by_subject = defaultdict(list)
    for kind in kinds:
        by_subject[kind.subject].append(kind)
    within_s = max([within_s, *(_length_s(each, quiet_s) for each in by_subject.values())])
    return [
        (_track(f"{seed}/{subject}", by_subject[subject], quiet_s, within_s), len(by_subject[subject]))
        for subject in sorted(by_subject)
    ]


def _length_s(kinds: list[Kind], quiet_s: float) -> float:
    """Says how long a round of these takes on average."""
    return sum(sum(kind.lasts_s) / 2 + quiet_s for kind in kinds) + quiet_s


def _track(seed: str, kinds: list[Kind], quiet_s: float, within_s: float) -> Iterator[Strike]:
    at_s = 0.0
    for number in count():
        for strike in _round(random.Random(f"{seed}/{number}" if number else seed), kinds, quiet_s, within_s):
            yield replace(strike, at_s=round(at_s + strike.at_s, 2))
        at_s += max(within_s, strike.at_s + strike.for_s)


def _round(dice: random.Random, kinds: list[Kind], quiet_s: float, within_s: float) -> list[Strike]:
    shuffled = dice.sample(kinds, len(kinds))
    lengths_s = [dice.uniform(*kind.lasts_s) for kind in shuffled]
    gap_s = max(quiet_s, (within_s - sum(lengths_s)) / (len(kinds) + 1))
    strikes, at_s = [], 0.0
    for kind, length_s in zip(shuffled, lengths_s, strict=True):
        at_s += gap_s * dice.uniform(0.5, 1.5)
        seed = dice.getrandbits(32)
        strikes.append(Strike(kind=kind, at_s=round(at_s, 2), for_s=round(length_s, 2), seed=seed))
        at_s += length_s
    return strikes
