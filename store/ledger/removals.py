"""Removes whole batches from the ledger, so that a death at any moment leaves nothing that anybody stumbles over.

    removing/<token>.json      the batches that somebody is removing

The note comes first and goes last: whoever removes next finishes what was begun. Between them `batch.json` goes before
all else, and a batch is gone with it; those of parts go before that of their whole, without which they would seem open.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import TypeAdapter

from forebay.store.errors import BadRecord, NotFound
from forebay.store.interface import Store
from forebay.store.ledger.record_kind import RecordKind

#: Removed in one go: what a death leaves to the next one.
AT_ONCE = 200
_READERS = 16
_ROOT = "removing/"


@dataclass(frozen=True, slots=True)
class Removal:
    """Which batches are removed, by the segments that stand for their ids."""

    folders: Sequence[str]


_REMOVAL = RecordKind(TypeAdapter(Removal), lambda key: key)


class Removals:
    """Removes batches that nobody needs any more. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def remove(self, parts: Collection[str], wholes: Collection[str]) -> int:
        """Removes batches by their folders, those of parts first; returns how many objects they were."""
        folders = [*parts, *wholes]
        note = f"{_ROOT}{secrets.token_hex(8)}.json"
        _REMOVAL.put(self._store, Removal(folders), note)
        for some in (parts, wholes):
            self._store.delete_all(_record(folder) for folder in some)
        removed = self._delete(keys for _, keys in self._keys(folders))
        self._store.delete(note)
        return removed + len(folders)

    def finish(self) -> int:
        """Removes what is left of batches whose removal was interrupted; returns how many objects that was.

        Of a batch that has its record nothing was removed, or somebody made it anew since.
        """
        removed = 0
        for note in list(self._store.list(_ROOT)):
            try:
                folders = _REMOVAL.read(self._store, note).folders
            except (NotFound, BadRecord):  # another one has finished it; or it is not ours to read
                continue
            left = {folder: keys for folder, keys in self._keys(folders) if keys}
            # Looked at after what is left of it: what somebody writes anew is marked, or has its record by now.
            being_written = {key.split("/")[1] for key in self._store.list("writing/")}
            gone = [folder for folder in left if folder not in being_written and not self._stands(folder)]
            removed += self._delete(left[folder] for folder in gone)
            if being_written.isdisjoint(left):
                self._store.delete(note)
        return removed

    def _stands(self, folder: str) -> bool:
        return self._store.size(_record(folder)) is not None

    def _keys(self, folders: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        with ThreadPoolExecutor(_READERS, thread_name_prefix="removals") as readers:
            listed = readers.map(lambda folder: list(self._store.list(f"batches/{folder}/")), folders)
            yield from zip(folders, listed, strict=True)

    def _delete(self, listed: Iterable[list[str]]) -> int:
        keys = [key for some in listed for key in some]
        self._store.delete_all(keys)
        return len(keys)


def _record(folder: str) -> str:
    return f"batches/{folder}/batch.json"
