"""Keeps what is being written to a local folder apart: drafts, in one hidden folder, each held by its writer.

A writer has its draft locked (flock) until the file is published, and the kernel lets go of the lock however the
process ended. So sweeping need not guess: on the machine of its writer a draft that nobody holds was left behind.
Where machines mount one folder, a lock may be known to its own machine only, so a draft of another one is left alone
until it has not been written to for a day. All drafts of a store are in one folder, so a sweep costs what was left
behind, and not what is stored.
"""

import fcntl
import hashlib
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from forebay.store.key_rules import TEMP_PREFIX

FOLDER = f"{TEMP_PREFIX}drafts"

#: No living writer is silent for so long: the download that it writes has a least rate.
OTHERS_AGE_S = 24 * 3600.0

#: A folder can go between making it and using it, but not time and again.
_TRIES = 20


@contextmanager
def draft(root: Path, *, mode: int) -> Iterator[tuple[Path, BinaryIO]]:
    """Opens a draft for a store's folder, which exists; on the way out the draft is gone, published or not.

    `mode` is that of the store's folder: where others may write into it, they have their drafts beside ours.
    """
    path, file = _held(root / FOLDER, mode)
    try:
        yield path, file
    finally:
        path.unlink(missing_ok=True)  # still held: nobody else comes between
        with suppress(OSError):  # closing flushes, which fails again where the write just failed
            file.close()
        with suppress(OSError):  # others write too
            path.parent.rmdir()


def sweep(root: Path, now_s: float) -> int:
    """Removes the drafts whose writers are gone; returns how many those were. Raises OSError."""
    folder = root / FOLDER
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    except FileNotFoundError:
        return 0
    swept = sum(_was_left(folder / name, now_s) for name in names)
    with suppress(OSError):
        folder.rmdir()
    return swept


def sweep_beside(folder: Path, now_s: float) -> int:
    """Removes drafts as release 0.1.0 kept them: unlocked, each beside its target; returns how many those were.

    Looks through all of the folder. Of a writer that may live nothing is old enough. Raises OSError.
    """
    swept = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != FOLDER]
        for path in (Path(place) / name for name in names if name.startswith(TEMP_PREFIX)):
            with suppress(FileNotFoundError):
                if now_s - path.stat().st_mtime > OTHERS_AGE_S:
                    path.unlink()
                    swept += 1
    return swept


def _held(folder: Path, mode: int) -> tuple[Path, BinaryIO]:
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError):
            return _try(folder, mode)
    return _try(folder, mode)


def _try(folder: Path, mode: int) -> tuple[Path, BinaryIO]:
    """Makes a draft and locks it. Raises FileNotFoundError if it or its folder went meanwhile."""
    with suppress(FileExistsError):
        folder.mkdir(mode)
    path = folder / f"{_machine()}-{secrets.token_hex(8)}"
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode & 0o666), "wb")
    with suppress(OSError):  # a file system without locks: age alone protects it
        fcntl.flock(file, fcntl.LOCK_EX)
    if os.fstat(file.fileno()).st_nlink == 0:
        file.close()
        raise FileNotFoundError(path)  # swept before it was locked
    return path, file


def _was_left(path: Path, now_s: float) -> bool:
    """Removes a draft if its writer is gone; says whether it did."""
    # Of another user's that is not ours to write nothing is known; who may write it sweeps it.
    with suppress(FileNotFoundError, PermissionError), path.open("r+b") as file:
        nobody_has_it = _lock(file)
        if nobody_has_it is False:
            return False
        own = nobody_has_it and path.name.startswith(f"{_machine()}-")
        if own or now_s - path.stat().st_mtime > OTHERS_AGE_S:
            path.unlink()
            return True
    return False


def _lock(file: BinaryIO) -> bool | None:
    """Takes a draft's lock; None where the file system has no locks, so that nothing is known."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@cache
def _machine() -> str:
    """Names the kernel that keeps our locks: containers on one share them, and a reboot forgets them."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        name = socket.gethostname()
    return hashlib.sha256(name.encode()).hexdigest()[:12]
