"""Says which ledger this is, and whether it was left behind when it moved.

    ledger.json      its id: made by the first who works on it, and copied along
    moved.json       where it is now: nobody works on what was left here

Read and written by whoever sees to it that one deployment works on one ledger (`runtime/one_ledger.py`).
"""

import secrets
from dataclasses import dataclass

from pydantic import TypeAdapter

from forebay.store.interface import Store
from forebay.store.ledger.record_kind import RecordKind


@dataclass(frozen=True, slots=True)
class LedgerId:
    """Tells two ledgers apart; a copy has the same."""

    id: str


@dataclass(frozen=True, slots=True)
class MovedTo:
    """Where a ledger is that was here."""

    url: str


_ID = RecordKind(TypeAdapter(LedgerId), lambda: "ledger.json")
_MOVED = RecordKind(TypeAdapter(MovedTo), lambda: "moved.json")


class LedgerPlace:
    """The place of one ledger. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.url = store.url

    def id(self) -> str | None:
        """Reads which ledger is here; None if there is none, or nobody has worked on it yet."""
        found = _ID.find(self._store)
        return found.id if found else None

    def make_id(self) -> str:
        """Reads which ledger is here, and gives it an id if it has none."""
        if known := self.id():
            return known
        _ID.create(self._store, LedgerId(secrets.token_hex(8)))
        return _ID.get(self._store).id  # another one may have been the first

    def moved_to(self) -> str | None:
        """Says where the ledger is now, if it is no longer here."""
        moved = _MOVED.find(self._store)
        return moved.url if moved and moved.url != self.url else None

    def leave(self, url: str) -> None:
        """Keeps that the ledger is somewhere else from now on."""
        _MOVED.put(self._store, MovedTo(url))
