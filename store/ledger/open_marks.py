"""Marks which batches may have something left to do, and which of them people have steered: one LIST tells all of it.

    open/<batch>/accepted-<time>       it was accepted
    open/<batch>/canceled              it was canceled
    open/<batch>/intents-<number>      it was paused, resumed or served otherwise: version <number> of its intents
    open/<batch>/retried-<token>       failed runs of it were taken up again

A mark is written before what it speaks of, so a crash leaves a mark without a batch, which is harmless and swept, and
never a batch without a mark. Written by whoever accepts or steers a batch; read and taken away by the reconciler, once
it finds the batch settled. Each says by its name all that there is to say, so none is ever read.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger import name_times

CANCELED = "canceled"
RETRIED = "retried-"
_ACCEPTED = "accepted-"
_ROOT = "open/"


class OpenMarks:
    """The marks of all batches. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def accept(self, batch_id: str, at: datetime) -> None:
        """Marks a batch that is about to exist."""
        self._put(batch_id, f"{_ACCEPTED}{name_times.second(at)}")

    def cancel(self, batch_id: str) -> None:
        """Marks a batch that is about to be canceled."""
        self._put(batch_id, CANCELED)

    def steer(self, batch_id: str, number: int) -> None:
        """Marks a batch that has this version of intents."""
        self._put(batch_id, f"intents-{number:06d}")

    def retry(self, batch_id: str) -> None:
        """Marks a batch of which runs are taken up again. Each mark has its own name: none is swept for another."""
        self._put(batch_id, f"{RETRIED}{secrets.token_hex(6)}")

    def all(self, beginning: str = "") -> Mapping[str, frozenset[str]]:
        """Lists all marks, by the segment that stands for the batch's id; those alone whose segments begin so."""
        marks: dict[str, set[str]] = {}
        for key in self._store.list(f"{_ROOT}{beginning}"):
            folder, _, mark = key.removeprefix(_ROOT).partition("/")
            if mark:
                marks.setdefault(folder, set()).add(mark)
        return {folder: frozenset(names) for folder, names in marks.items()}

    def remove(self, folder: str, marks: Iterable[str]) -> None:
        """Takes these marks away, and none that was written since they were listed."""
        for mark in marks:
            self._store.delete(f"{_ROOT}{folder}/{mark}")

    def _put(self, batch_id: str, mark: str) -> None:
        self._store.put(f"{_ROOT}{segment(batch_id)}/{mark}", b"")


def accepted_at(marks: Collection[str]) -> datetime | None:
    """Tells when a batch was marked as accepted, the last time."""
    names = (mark.removeprefix(_ACCEPTED) for mark in marks if mark.startswith(_ACCEPTED))
    return max((at for name in names if (at := name_times.moment_in(name))), default=None)


def is_retried(marks: Collection[str]) -> bool:
    """Tells whether failed runs of it were taken up again."""
    return any(mark.startswith(RETRIED) for mark in marks)
