"""Reads the rows of a landed result from its stored bytes, as a stream.

For whoever looks into results: the checks of a closing, and the scheduler for the answer to a question of its own.
"""

import csv
import io
from collections.abc import Iterator

from forebay.landing.errors import LandingError, Unreadable
from forebay.landing.formats.containers import CONTAINERS
from forebay.landing.parquet_extra import WAY_OUT, missing


def read_rows(chunks: Iterator[bytes], container_name: str, csv_bytes: int) -> Iterator[list[str]]:
    """Reads the rows of a stored result, its header among them. Raises `Unreadable`."""
    container = CONTAINERS.get(container_name)
    if container is None:
        raise Unreadable(f"a result in the format {container_name} has no rows that can be read")
    if container.csv_in is None:
        yield from _parquet_rows(chunks)
        return
    content = _Pieces(container.csv_in(chunks, csv_bytes))
    text = io.TextIOWrapper(io.BufferedReader(content), encoding="utf-8-sig", newline="")
    try:
        yield from csv.reader(text, strict=True)
    except (csv.Error, UnicodeDecodeError):
        raise Unreadable("the result is no CSV that can be read") from None  # its own text may quote a value
    except LandingError as error:
        raise Unreadable(f"the stored result is damaged: {error}") from error


def _parquet_rows(chunks: Iterator[bytes]) -> Iterator[list[str]]:
    if problem := missing():
        raise Unreadable(f"{problem}, which is not installed here: {WAY_OUT}")
    from forebay.landing.parquet_rows import parquet_rows

    return parquet_rows(chunks)


class _Pieces(io.RawIOBase):
    """Chunks as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        while not self._left:
            try:
                self._left = next(self._chunks)
            except StopIteration:
                return 0
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
