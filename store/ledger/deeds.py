"""Keeps what people did by the page or its API: who, by what he is known, what, why, and what came of it.

    deeds/<time>-<mark>.json      written before it is done, and once more when it is known what came of it
    going-on/<name of a deed>     of one that goes on when the request is answered, until it is over

What is wanted of a batch or a lane stands beside in the ledger (`intents.py`, `failure_records.py`); this is for who
asks afterwards. Commands keep none: who types them has the machine.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import AwareDatetime, TypeAdapter

from forebay.store.errors import BadRecord, NotFound
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.backwards import backwards
from forebay.store.ledger.name_times import moment_in, second
from forebay.store.ledger.record_kind import RecordKind

_ROOT, _GOING_ON = "deeds/", "going-on/"
#: Deeds that ended.
MOST_REMEMBERED = 1_000
#: Whose deeds are listed first.
_FIRST = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that somebody did."""

    at: AwareDatetime
    by: str
    known_by: str
    """By what it is known who that was: `here`, `proxy`, `password`, `token`."""
    act: str
    target: str
    """The batch, the lane or the extract."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """What was said beside: a filter, a class, limits."""
    why: str
    came: str | None = None
    """What came of it, for people; None until that is known, and for ever where its process died over it."""
    done: bool = False
    """It was done as it was asked."""


_DEED = RecordKind(TypeAdapter(Deed), lambda name: f"{_ROOT}{segment(name)}.json")


class Deeds:
    """The deeds of one ledger. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended: dict[str, Deed] = {}

    def begin(self, deed: Deed, mark: str, *, goes_on: bool = False) -> str:
        """Keeps that something is about to be done, and gives the name by which it is found.

        One that `goes_on` is found by whoever carries on what others left, until it is `over`.
        """
        name = f"{second(deed.at)}-{mark}"
        if goes_on:  # first: a mark without a deed is nobody's work, and a deed without a mark would never get done
            self._store.put(f"{_GOING_ON}{name}", b"")
        _DEED.create(self._store, deed, name)
        return name

    def going_on(self) -> list[str]:
        """Lists the names of those that go on, oldest first."""
        return [key.removeprefix(_GOING_ON) for key in self._store.list(_GOING_ON)]

    def goes_on(self, name: str) -> bool:
        """Tells whether it is not over."""
        return self._store.size(f"{_GOING_ON}{segment(name)}") is not None

    def over(self, name: str) -> None:
        """Says that nobody has to carry it on any more."""
        self._store.delete(f"{_GOING_ON}{segment(name)}")

    def prune(self, before: datetime) -> int:
        """Removes those of before a moment that do not go on; returns how many they were."""
        going_on = set(self.going_on())
        old = [key for key in self._older(before) if _name(key) not in going_on]
        self._store.delete_all(old)
        return len(old)

    def end(self, name: str, deed: Deed) -> None:
        """Keeps what came of it."""
        _DEED.put(self._store, deed, name)

    def one(self, name: str) -> Deed | None:
        """Reads one."""
        return _DEED.find(self._store, name)

    def newest(self, now: datetime) -> Iterator[tuple[str, Deed]]:
        """Yields them with their names, newest first; what cannot be read is passed over."""
        for key in backwards(self._between, now + _FIRST, 2 * _FIRST):
            with suppress(NotFound, BadRecord):
                yield _name(key), self._read(_name(key), key)

    def _read(self, name: str, key: str) -> Deed:
        """Reads it, unless it is known and ended: nothing changes that any more, and a live page lists many."""
        deed = self._ended.get(name) or _DEED.read(self._store, key)
        if deed.came is not None:
            if len(self._ended) >= MOST_REMEMBERED:
                self._ended.clear()
            self._ended[name] = deed
        return deed

    def _between(self, start: datetime, end: datetime) -> Iterator[str]:
        before = f"{_ROOT}{second(end)}"
        for key in self._store.list(_ROOT, after=f"{_ROOT}{second(start)}"):
            if key >= before:
                return
            yield key

    def _older(self, before: datetime) -> Iterator[str]:
        end = second(before)
        for key in self._store.list(_ROOT):
            written, _, mark = _name(key).partition("-")
            if written >= end:
                return
            if mark and moment_in(written):
                yield key


def _name(key: str) -> str:
    return key.removeprefix(_ROOT).removesuffix(".json")
