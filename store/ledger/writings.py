"""Marks batches that are being written, so that what a killed writer left of one is found without listing the ledger.

    writing/<batch>/<time>-<writing>      a writer of this batch began at that time; its chunks have its name

Written before the first chunk and taken away after `batch.json`, or with the chunks where it came to nothing. A mark
that is older than `MAY_TAKE` was left behind. Whoever sweeps takes the mark first and looks for `batch.json` then; a
writer makes `batch.json` first and looks for its mark then: one of the two sees the other, whatever the clocks say.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger import name_times

#: No batch takes so long to write.
MAY_TAKE = timedelta(days=1)

_ROOT = "writing/"
_CHUNK = re.compile(r"/items-\d+-([^/-]+)\.ndjson\.gz$")


def chunk_suffix(name: str) -> str:
    """Says how the keys of all chunks of one try end."""
    return f"-{name}.ndjson.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One writer's try to make a batch."""

    folder: str
    """The segment that stands for the batch's id."""
    began_at: datetime
    name: str

    @property
    def key(self) -> str:
        return f"{_ROOT}{self.folder}/{name_times.second(self.began_at)}-{self.name}"


class Writings:
    """The marks of all writers. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, batch_id: str, name: str, at: datetime) -> Writing:
        """Marks a batch of which a chunk is about to exist."""
        writing = Writing(folder=segment(batch_id), began_at=at, name=name)
        self._store.put(writing.key, b"")
        return writing

    def stands(self, writing: Writing) -> bool:
        """Says whether nobody has taken its mark, and with it maybe its chunks."""
        return self._store.size(writing.key) is not None

    def end(self, writing: Writing) -> None:
        """Takes the mark away."""
        self._store.delete(writing.key)

    def adopt(self, folder: str, at: datetime) -> None:
        """Marks what lies in the folder of no batch, as if it began now: of a release whose writers made no marks.

        One of them may be writing right now, and nothing tells; it has the time that every writer has.
        """
        marked = {key.rpartition("-")[2] for key in self._store.list(f"{_ROOT}{folder}/")}
        for name in {match[1] for key in self._store.list(f"batches/{folder}/") if (match := _CHUNK.search(key))}:
            if name not in marked:
                self._store.put(Writing(folder=folder, began_at=at, name=name).key, b"")

    def sweep(self, now: datetime, came_to_be: Callable[[Writing], bool]) -> int:
        """Removes the chunks that were left behind, and their marks; returns how many tries those were."""
        left = list(self._left(now))
        for writing in left:
            self.end(writing)
            if not came_to_be(writing):
                for key in self._store.list(f"batches/{writing.folder}/"):
                    if key.endswith(chunk_suffix(writing.name)):
                        self._store.delete(key)
        return len(left)

    def _left(self, now: datetime) -> Iterator[Writing]:
        """Lists what was left behind: one request as a rule, since hardly any batch is being written."""
        for key in self._store.list(_ROOT):
            folder, _, mark = key.removeprefix(_ROOT).partition("/")
            time, _, name = mark.rpartition("-")
            began_at = name_times.moment_in(time)
            if began_at and now - began_at > MAY_TAKE:
                yield Writing(folder=folder, began_at=began_at, name=name)
