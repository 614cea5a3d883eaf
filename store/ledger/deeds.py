"""Keeps what people did by the page or its API: who, by what he is known, what, why, and what came of it.

    deeds/<time>-<mark>.json      written before it is done, and once more when it is known what came of it

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
from forebay.store.ledger.name_times import second
from forebay.store.ledger.record_kind import RecordKind

_ROOT = "deeds/"
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

    def begin(self, deed: Deed, mark: str) -> str:
        """Keeps that something is about to be done, and gives the name by which it is found."""
        name = f"{second(deed.at)}-{mark}"
        _DEED.create(self._store, deed, name)
        return name

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
                yield key.removeprefix(_ROOT).removesuffix(".json"), _DEED.read(self._store, key)

    def _between(self, start: datetime, end: datetime) -> Iterator[str]:
        before = f"{_ROOT}{second(end)}"
        for key in self._store.list(_ROOT, after=f"{_ROOT}{second(start)}"):
            if key >= before:
                return
            yield key
