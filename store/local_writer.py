"""Writes one object of a local folder: a draft that is renamed to its place when it is whole, and durable there.

The file is forced to disk first, then its folder, so that a power cut leaves either the old state or the new one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from forebay.store.drafts import draft
from forebay.store.oserrors import translated

#: A folder can go between making it and using it, but not time and again.
_TRIES = 20

#: Brings a draft to its target: by a rename, or by a link.
How = Callable[[Path], object]


class LocalWriter:
    """Writes to a draft, and publishes it."""

    def __init__(self, key: str, file: BinaryIO, draft: Path, publish: Callable[[How], None]) -> None:
        self._key = key
        self._file = file
        self._draft = draft
        self._publish = publish

    def write(self, data: bytes) -> None:
        with translated(self._key):
            self._file.write(data)

    def commit(self) -> None:
        with translated(self._key):
            self._finish(self._draft.replace)

    def create(self) -> bool:
        """Publishes unless the target exists; a hard link, unlike a rename, refuses to replace."""
        with translated(self._key):
            try:
                self._finish(lambda target: target.hardlink_to(self._draft))
            except FileExistsError:
                return False
            return True

    def _finish(self, how: How) -> None:
        """Forces the draft to disk and publishes it; only then is it closed, which lets go of it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._publish(how)
        self._file.close()


@contextmanager
def opened(root: Path, target: Path, key: str) -> Iterator[LocalWriter]:
    """Opens a writer for a file below a store's folder, which is made for this user alone where it is not there."""
    with ExitStack() as stack:
        with translated(key):
            make_folder(root, 0o700)
            mode = root.stat().st_mode & 0o777
            path, file = stack.enter_context(draft(root, mode=mode))
        yield LocalWriter(key, file, path, lambda how: _publish(target, how, mode))


def _publish(target: Path, how: How, mode: int) -> None:
    """Brings a draft to its place, in a folder that is made; whoever deletes its last file may be faster."""
    for _ in range(_TRIES - 1):
        make_folder(target.parent, mode)
        with suppress(FileNotFoundError):
            how(target)
            break
    else:
        make_folder(target.parent, mode)
        how(target)
    sync_folder(target.parent)


def make_folder(folder: Path, mode: int) -> None:
    """Makes a folder and the ones above it, each durable in its parent before a file relies on it."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    # Also where it exists and, when it is looked at to see whether it is one, does no longer.
    with suppress(FileNotFoundError, FileExistsError):
        folder.mkdir(mode)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Forces to disk which files a folder has."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # deleted since, with all that was in it
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
