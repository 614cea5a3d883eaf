"""Writes the object that a result is stored as. A format opens exactly one; `landing.land` commits it."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Protocol

from forebay.landing.formats.column_rules import AS_TEXT, ColumnRules
from forebay.landing.formats.containers import Container
from forebay.landing.formats.stored_table import StoredTable
from forebay.landing.spool import Spool, opened_spool
from forebay.store.interface import Store, Writer


def copied(chunks: Iterator[bytes], write: Callable[[bytes], object]) -> Iterator[bytes]:
    """Yields the chunks, once each was given to who writes, or counts, them too."""
    for chunk in chunks:
        write(chunk)
        yield chunk


class Hashed(Protocol):
    """Bytes that are hashed as they go by."""

    @property
    def sha256(self) -> str: ...


class Output:
    """An object being written, with the length and hash of what it will hold."""

    def __init__(self, key: str, name: str, writer: Writer, same: Hashed | None) -> None:
        self.key = key
        self.format = name
        self.bytes = 0
        self.table: StoredTable | None = None
        """Of a format with types: what it stored the columns as."""
        self._sha256 = hashlib.sha256()
        self._writer = writer
        self._same = same

    def write(self, data: bytes) -> None:
        """Appends bytes. Raises StoreError."""
        self.bytes += len(data)
        if self._same is None:
            self._sha256.update(data)
        self._writer.write(data)

    def commit(self) -> None:
        """Publishes the object whole. Raises StoreError."""
        self._writer.commit()

    @property
    def sha256(self) -> str:
        """Hashes what was written so far."""
        return self._same.sha256 if self._same else self._sha256.hexdigest()


class Target:
    """Opens outputs and spools that vanish with `stack`, whatever ends it, unless they were committed."""

    def __init__(
        self,
        store: Store,
        stem: str,
        stack: ExitStack,
        *,
        columns: ColumnRules = AS_TEXT,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """Takes `keep`, which a format calls while it works on what has arrived already."""
        self.columns = columns
        self.keep = keep
        self._store = store
        self._stem = stem
        self._stack = stack
        self._writing = stack.enter_context(ExitStack())

    @property
    def name(self) -> str:
        """Gives the last segment of the place, without a suffix."""
        return self._stem.rpartition("/")[2]

    def open(self, container: Container, same: Hashed | None = None) -> Output:
        """Opens the object, and lets go of one that was begun before. Raises StoreError.

        With `same`, it will hold just what is hashed there.
        """
        key = f"{self._stem}.{container.suffix}"
        self._writing.close()
        writer = self._writing.enter_context(self._store.writer(key, content_type=container.content_type))
        return Output(key, container.suffix, writer, same)

    def spool(self) -> Spool:
        """Opens a file for what has to wait."""
        return self._stack.enter_context(opened_spool())
