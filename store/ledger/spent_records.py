"""Keeps what is taken of definitions' daily budgets: by this alone it is decided whether there is more to take.

    spent/<day>/<definition>/<who>+<claim>/<runs>
    spent/<day>/<definition>/<who>+free-<claim>/<runs>      where the definition had no budget

Whoever wants runs writes a claim first, and then reads all of the day (`scheduler/batches/budgets.py`). Each says by
its name all that there is to say, so one LIST is enough. `who` is a batch, or what else takes runs; who claims twice,
since two processes do the same or one does it again, takes what it takes once, and each takes back its own claim alone.

Where nobody bounds them runs are claimed all the same, and nothing is read: a budget that is set at noon counts what
began in the morning. That costs one PUT a batch, five dollars a million.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

from forebay.store.interface import Store
from forebay.store.key_rules import segment

_ROOT = "spent/"
#: No segment has it in it, so what follows is no part of a name. A record of before it was there is a claim as well.
_JOINT = "+"
_FREE = "free-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentClaim:
    """One claim."""

    key: str
    """By what it is taken back."""
    who: str
    """The segment that stands for who claims."""
    lot: str
    """By chance, so that of several nobody comes first by what they are called. Nothing of an older record."""
    runs: int
    free: bool = False
    """Nobody bounded it, so it never gives way."""


class SpentRecords:
    """What is taken. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store, *, lot: Callable[[], str] = lambda: secrets.token_hex(4)) -> None:
        self._store = store
        self._lot = lot

    def claim(self, definition: str, day: date, who: str, runs: int, *, free: bool = False) -> str:
        """Keeps that somebody wants so many runs of this UTC day; returns by what the claim is taken back."""
        key = f"{_folder(definition, day)}{segment(who)}{_JOINT}{_FREE * free}{self._lot()}/{runs}"
        self._store.put(key, b"")
        return key

    def take_back(self, claim: str) -> None:
        """Takes a claim back of what did not come to be."""
        self._store.delete(claim)

    def prune(self, before: date) -> int:
        """Removes what was taken on days before this one, whose budgets nobody counts any more; returns how much."""
        end = f"{_ROOT}{before:%Y%m%d}/"
        old = takewhile(lambda key: key < end, self._store.list(_ROOT))
        keys = [key for key in old if key.split("/")[1].isdecimal()]
        self._store.delete_all(keys)
        return len(keys)

    def claims(self, definition: str, day: date) -> list[SpentClaim]:
        """Reads what is claimed of a day of a definition."""
        folder = _folder(definition, day)
        claims = []
        for key in self._store.list(folder):
            name, _, runs = key.removeprefix(folder).rpartition("/")
            who, _, lot = name.partition(_JOINT)
            if runs.isdecimal():
                free = lot.startswith(_FREE)
                claims.append(SpentClaim(key=key, who=who, lot=lot, runs=int(runs), free=free))
        return claims


def _folder(definition: str, day: date) -> str:
    return f"{_ROOT}{day:%Y%m%d}/{segment(definition)}/"
