"""Keeps bytes that have to wait: in memory, and in the temporary folder once they are too many."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from forebay.store.errors import Unavailable

#: Bytes that wait in memory before they go to a temporary file.
SPOOL_BYTES = 4 << 20
READ_BYTES = 256 << 10


class Spool:
    """Bytes that wait. Each method raises Unavailable where the temporary folder takes no more."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """Appends bytes."""
        with _translated():
            self._file.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Reads all of it from the start."""
        return iter(partial(self.rewound().read, READ_BYTES), b"")

    def rewound(self) -> IO[bytes]:
        """Gives it as a file, for what reads in no order; only now the last of it may go to the disk."""
        with _translated():
            self._file.seek(0)
        return self._file

    def piece(self, at: int, size: int) -> bytes:
        """Reads so many bytes from a place; what is written later goes behind the last."""
        with _translated():
            self._file.seek(at)
            data = self._file.read(size)
            self._file.seek(0, os.SEEK_END)
        return data

    def empty(self) -> None:
        """Gives the memory and the disk back: what was in it is elsewhere now."""
        with _translated():
            self._file.truncate(0)


@contextmanager
def opened_spool() -> Iterator[Spool]:
    """Opens one that is gone with the block."""
    file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - not by `with`: closing may fail
    try:
        yield Spool(file)
    finally:
        with suppress(OSError):  # closing flushes, which fails again where the write just failed
            file.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"the temporary folder takes no more ({error.strerror}): make room in it, or set TMPDIR for the workers"
        ) from error
