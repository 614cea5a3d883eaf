"""Writes the object that a result is stored as. A format opens exactly one; `landing.land` commits it."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

from forebay.landing.formats.column_rules import AS_TEXT, ColumnRules
from forebay.landing.formats.containers import Container
from forebay.landing.formats.stored_table import StoredTable
from forebay.store.errors import Unavailable
from forebay.store.interface import Store, Writer

#: Bytes that wait in memory before they go to a temporary file.
SPOOL_BYTES = 4 << 20
READ_BYTES = 256 << 10


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

    def spool(self) -> "Spool":
        """Opens a file for what has to wait."""
        file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed with the stack
        self._stack.callback(let_go, file)
        return Spool(file)


class Spool:
    """Bytes that wait in the temporary folder, once they are too many for memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """Appends bytes. Raises Unavailable if the temporary folder is full."""
        with spooling():
            self._file.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Reads all of it from the start. Raises Unavailable: only then the last of it may go to the disk."""
        with spooling():
            self._file.seek(0)
        return iter(partial(self._file.read, READ_BYTES), b"")

    def empty(self) -> None:
        """Gives the memory and the disk back: what was in it is elsewhere now."""
        with spooling():
            self._file.truncate(0)


@contextmanager
def spooling() -> Iterator[None]:
    """Raises Unavailable where the temporary folder takes no more."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"the temporary folder takes no more ({error.strerror}): make room in it, or set TMPDIR for the workers"
        ) from error


def let_go(file: IO[bytes]) -> None:
    """Closes a spool, whatever its disk says."""
    with suppress(OSError):  # closing flushes, which fails again where the write just failed
        file.close()
