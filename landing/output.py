"""Writes the object that a result is stored as. A format opens exactly one; `landing.land` commits it."""

import hashlib
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO

from forebay.landing.formats.containers import Container
from forebay.store.interface import Store, Writer

#: Bytes that wait in memory before they go to a temporary file.
SPOOL_BYTES = 4 << 20


class Output:
    """An object being written, with the length and hash of what it will hold."""

    def __init__(self, key: str, name: str, writer: Writer) -> None:
        self.key = key
        self.format = name
        self.bytes = 0
        self._sha256 = hashlib.sha256()
        self._writer = writer

    def write(self, data: bytes) -> None:
        """Appends bytes. Raises StoreError."""
        self.bytes += len(data)
        self._sha256.update(data)
        self._writer.write(data)

    def commit(self) -> None:
        """Publishes the object whole. Raises StoreError."""
        self._writer.commit()

    @property
    def sha256(self) -> str:
        """Hashes what was written so far."""
        return self._sha256.hexdigest()


class Target:
    """Opens outputs and spools that vanish with `stack`, whatever ends it, unless they were committed."""

    def __init__(self, store: Store, stem: str, stack: ExitStack) -> None:
        self._store = store
        self._stem = stem
        self._stack = stack

    @property
    def name(self) -> str:
        """Gives the last segment of the place, without a suffix."""
        return self._stem.rpartition("/")[2]

    def open(self, container: Container) -> Output:
        """Opens the object. Raises StoreError."""
        key = f"{self._stem}.{container.suffix}"
        writer = self._stack.enter_context(self._store.writer(key, content_type=container.content_type))
        return Output(key, container.suffix, writer)

    def spool(self) -> IO[bytes]:
        """Opens a file for what has to wait."""
        return self._stack.enter_context(SpooledTemporaryFile(max_size=SPOOL_BYTES))
