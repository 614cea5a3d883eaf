"""Marks when each batch was accepted, so that the newest are found, or the oldest, however many there are between.

    accepted/<time>-<batch>      a batch was accepted at that time

Written before `batch.json`, as open marks are, and removed after it by whoever prunes. So a mark may speak of a batch
that never came to be, or is gone, and there is no batch without one, but for those from before there were such marks:
`forebay rebuild --all` marks them. A batch that has this mark and no open one (`open_marks.py`) is settled.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.backwards import backwards
from forebay.store.ledger.name_times import moment_in, second

_ROOT = "accepted/"

#: Whose batches are listed first.
_FIRST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When a batch was accepted."""

    folder: str
    """The segment that stands for the batch's id."""
    at: datetime

    @property
    def key(self) -> str:
        return f"{_ROOT}{second(self.at)}-{self.folder}"


class Acceptances:
    """The marks of all batches. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, batch_id: str, at: datetime) -> None:
        """Marks a batch that is about to exist; doing it again changes nothing."""
        self._store.put(Acceptance(segment(batch_id), at).key, b"")

    def between(self, start: datetime | None, end: datetime) -> Iterator[Acceptance]:
        """Lists what was accepted from the one moment up to before the other, oldest first: what is outside is free."""
        before = _bound(end)
        for key in self._store.list(_ROOT, after=_bound(start) if start else ""):
            if key >= before:
                return
            time, _, folder = key.removeprefix(_ROOT).partition("-")
            at = moment_in(time)
            if at and folder:
                yield Acceptance(folder, at)

    def newest(self, now: datetime) -> Iterator[Acceptance]:
        """Lists all of them, newest first: one LIST tells those of a day, eight those of many years, but for pages.

        What other clocks date after `now` by less than a day comes along.
        """
        return backwards(self.between, now + _FIRST, 2 * _FIRST)

    def remove(self, gone: Iterable[Acceptance]) -> None:
        """Takes the marks of batches away that are gone."""
        self._store.delete_all(each.key for each in gone)


def _bound(moment: datetime) -> str:
    return f"{_ROOT}{second(moment)}"
