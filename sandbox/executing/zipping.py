"""Zips one CSV as the one member of an archive, and unzips it: streamed, in either form that clients meet.

A zip written to something that cannot seek carries its sizes behind the data ("descriptor"); one written to a
file carries them in front. Above 4 GB both need zip64, which is asked for before the first byte.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from forebay.sandbox.setting_choices import ZipSizes

_CHUNK_BYTES = 256 * 1024
_ZIP64_FROM_BYTES = 2**31 - 2**20  # some readers take these fields as signed


class _Unseekable(io.RawIOBase):
    """What makes zipfile write descriptors: a file that only takes bytes."""

    def __init__(self, inner: BinaryIO) -> None:
        super().__init__()
        self._inner = inner

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return self._inner.write(cast("bytes", data))


def zip_csv(source: Path, target: Path, *, level: int, sizes: ZipSizes, keep_going: Callable[[int], bool]) -> None:
    """Writes `target`; stops early when `keep_going(bytes written so far)` says no."""
    with source.open("rb") as csv, target.open("wb") as out:
        sink = _Unseekable(out) if sizes is ZipSizes.DESCRIPTOR else out
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
            zip64 = source.stat().st_size > _ZIP64_FROM_BYTES
            # By name: its date is then 1980, and equal runs give equal zips.
            with archive.open(source.name, "w", force_zip64=zip64) as writer:
                while (chunk := csv.read(_CHUNK_BYTES)) and keep_going(out.tell()):
                    writer.write(chunk)


def unzip_csv(archive: Path) -> Iterator[bytes]:
    """Yields the CSV of an archive, a chunk at a time."""
    with zipfile.ZipFile(archive) as opened, opened.open(opened.namelist()[0]) as member:
        while chunk := member.read(_CHUNK_BYTES):
            yield chunk
