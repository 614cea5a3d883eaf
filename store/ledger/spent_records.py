"""Keeps what batches took of their definitions' daily budgets, so that a Redis that forgets it is told again.

    spent/<day>/<definition>/<batch>/<runs>

Written before a batch with a budget is, and taken away if that does not come to be; read by whoever is about to accept
the next one of that day. Each says by its name all that there is to say, so one LIST is enough.
"""

from datetime import date
from itertools import takewhile

from forebay.store.interface import Store
from forebay.store.key_rules import segment


class SpentRecords:
    """What was spent. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, definition: str, day: date, batch_id: str, runs: int) -> None:
        """Keeps how many runs a batch takes that is accepted on this UTC day."""
        self._store.put(_key(definition, day, batch_id, runs), b"")

    def remove(self, definition: str, day: date, batch_id: str, runs: int) -> None:
        """Takes back what a batch took that did not come to be."""
        self._store.delete(_key(definition, day, batch_id, runs))

    def prune(self, before: date) -> int:
        """Removes what was taken on days before this one, whose budgets nobody counts any more; returns how much."""
        end = f"{_ROOT}{before:%Y%m%d}/"
        old = takewhile(lambda key: key < end, self._store.list(_ROOT))
        keys = [key for key in old if key.split("/")[1].isdecimal()]
        self._store.delete_all(keys)
        return len(keys)

    def of(self, definition: str, day: date) -> dict[str, int]:
        """Reads what batches of a definition took on a day, by the segments that stand for their ids."""
        folder = _folder(definition, day)
        taken = (key.removeprefix(folder).rpartition("/") for key in self._store.list(folder))
        return {batch: int(runs) for batch, _, runs in taken if runs.isdecimal()}


_ROOT = "spent/"


def _key(definition: str, day: date, batch_id: str, runs: int) -> str:
    return f"{_folder(definition, day)}{segment(batch_id)}/{runs}"


def _folder(definition: str, day: date) -> str:
    return f"{_ROOT}{day:%Y%m%d}/{segment(definition)}/"
