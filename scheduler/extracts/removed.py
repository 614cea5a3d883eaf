"""Finds extracts that the spec has no more, though windows of theirs are in the ledger: removed, or renamed.

For `forebay extracts`. What landed of them stays where it is; nobody adds to it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from forebay.scheduler.windows.calendar import parse_batch_id
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedExtract:
    """An extract of an earlier spec."""

    name: str
    windows: int
    end: datetime
    """Where its last window ends."""


def removed_extracts(ledger: Ledger, marks: Marks, known: Collection[str]) -> Iterator[RemovedExtract]:
    """Yields them; costs a LIST, and one more for each. Raises StoreError."""
    for name in marks.extracts():
        if name not in known and (ends := list(_ends(ledger, name))):
            yield RemovedExtract(name=name, windows=len(ends), end=max(ends))


def _ends(ledger: Ledger, name: str) -> Iterator[datetime]:
    for batch_id in ledger.ids_like(f"{name}."):
        parsed = parse_batch_id(batch_id)
        if parsed and parsed[0] == name and parsed[2] == 0:
            yield parsed[1].end
