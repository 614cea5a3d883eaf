"""Remembers on this machine which results were found well, so that a verification that was interrupted can go on.

A file of lines, one a manifest: its key and the sha256 of its bytes. A manifest that has changed since is not known.
Only what was well is kept: whatever differed is read again, and told again.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from forebay.store.private_folders import make_data_folder, make_private


class FoundWell:
    """What was found well of one tree. Used by one thread, but for `knows`."""

    def __init__(self, path: Path, file: IO[str], known: set[bytes]) -> None:
        self._path = path
        self._file = file
        self._known = known
        self.is_empty = not known
        """Nothing was found well yet, so there is nothing to go on from."""

    @classmethod
    def nowhere(cls) -> Self:
        """Remembers nothing: for where nothing can be written."""
        return cls(Path(os.devnull), Path(os.devnull).open("w", encoding="utf-8"), set())

    @classmethod
    def open(cls, folder: Path, what: str, *, go_on: bool) -> Self:
        """Opens what is remembered of what the user named so; without `go_on` that is nothing. Raises OSError."""
        make_data_folder(folder.parent)
        make_private(folder)
        path = folder / f"{hashlib.sha256(what.encode(errors='surrogateescape')).hexdigest()[:32]}.jsonl"
        known = _read(path) if go_on else set()
        return cls(path, path.open("a" if known else "w", encoding="utf-8"), known)

    def knows(self, key: str, digest: bytes) -> bool:
        """Tells whether what a manifest of these bytes vouches for was found well."""
        return _entry(key, digest.hex()) in self._known

    def add(self, key: str, digest: bytes) -> None:
        """Keeps that it was found well. Raises OSError."""
        self._file.write(json.dumps({"key": key, "sha256": digest.hex()}) + "\n")
        self._file.flush()
        self.is_empty = False

    def close(self, *, complete: bool) -> None:
        """Leaves it for the next time, or removes it where all was gone through."""
        self._file.close()
        if (complete or self.is_empty) and self._path != Path(os.devnull):
            self._path.unlink(missing_ok=True)


def _read(path: Path) -> set[bytes]:
    known: set[bytes] = set()
    with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):  # a line that was being written as its process ended
                record = json.loads(line)
                known.add(_entry(record["key"], record["sha256"]))
    return known


def _entry(key: str, digest: str) -> bytes:
    return hashlib.sha256(f"{key}\n{digest}".encode(errors="surrogateescape")).digest()
