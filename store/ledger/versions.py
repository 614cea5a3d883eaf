"""Keeps a record that changes as versions, each an object of its own that is created once and never overwritten.

A version's number is its writer's claim to have known the one before it. Of two writers that knew the same one the
first wins, and whoever slept meanwhile finds its number taken: an old word never covers a newer one. A record that was
written before there were versions is number 0.
"""

import re
from collections.abc import Callable
from typing import Generic, NamedTuple, ParamSpec, TypeVar

from pydantic import TypeAdapter

from forebay.store.interface import Store
from forebay.store.ledger.record_kind import RecordKind

At = ParamSpec("At")
R = TypeVar("R")

_NUMBERED = re.compile(r"-(\d{6})\.json")


class Version(NamedTuple, Generic[R]):
    """One version of a record."""

    number: int
    record: R


class Versions(Generic[At, R]):
    """A kind of record that has versions; `stem` is its key without number and suffix.

    Every method raises what `RecordKind` raises.
    """

    def __init__(self, shape: TypeAdapter[R], stem: Callable[At, str]) -> None:
        self._stem = stem
        self._kind = RecordKind(shape, lambda key: key)

    def last(self, store: Store, *at: At.args, **named: At.kwargs) -> Version[R] | None:
        """Reads the newest version; None if there is none."""
        number = self.number(store, *at, **named)
        if number is None:
            return None
        return Version(number, self._kind.get(store, _key(self._stem(*at, **named), number)))

    def number(self, store: Store, *at: At.args, **named: At.kwargs) -> int | None:
        """Tells the newest version's number: one LIST, and nothing is read."""
        stem = self._stem(*at, **named)
        return max((number for key in store.list(stem) if (number := _number(stem, key)) is not None), default=None)

    def create(self, store: Store, number: int, record: R, *at: At.args, **named: At.kwargs) -> bool:
        """Writes the version of this number, 1 or more; False if another record has it."""
        key = _key(self._stem(*at, **named), number)
        # After a lost answer "was there" may speak of this very call's own object.
        return self._kind.create(store, record, key) or self._kind.get(store, key) == record

    def change(
        self, store: Store, changed: Callable[[R | None], R | None], *at: At.args, **named: At.kwargs
    ) -> Version[R] | None:
        """Writes what `changed` makes of the newest version, and gives it; None, and nothing written, if it gives None.

        Asked again where somebody else was faster, so that both changes stand.
        """
        while True:
            last = self.last(store, *at, **named)
            record = changed(last.record if last else None)
            if record is None:
                return None
            number = last.number + 1 if last else 1
            if self.create(store, number, record, *at, **named):
                return Version(number, record)


def _key(stem: str, number: int) -> str:
    return f"{stem}-{number:06d}.json" if number else f"{stem}.json"


def _number(stem: str, key: str) -> int | None:
    rest = key.removeprefix(stem)
    if rest == ".json":
        return 0
    numbered = _NUMBERED.fullmatch(rest)
    return int(numbered[1]) if numbered else None
