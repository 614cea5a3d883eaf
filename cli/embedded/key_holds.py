"""Finds out that another folder of this machine works with the same key: each would be a governor of one cap.

State belongs to the data folder. A worker of the embedded services holds a file for each key that it uses, locked
(flock) as long as it lives, so that nothing stays held when it is killed. What it says is which folder, and how many
slots that may fill; folders that together stay below what Stripe allows do each other no harm.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.config.read_json import read_json
from forebay.config.same_key import digest_of
from forebay.config.stripe import MAX_RUNNING
from forebay.store.private_folders import make_private

log = logging.getLogger(__name__)

#: Who looks is done in a moment, unless it was stopped in between.
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    folder: str
    slots: int


@dataclass(slots=True)
class KeyHolds:
    """The keys that one data folder uses."""

    data_dir: Path
    """Absolute: by it the workers of one folder know each other."""
    place: Path | None
    """Where all folders of this user meet; None: there is no such place."""
    _held: list[BinaryIO] = field(default_factory=list)

    def check(self, connection: Connection) -> None:
        """Raises `ConfigError` if others with this key leave too few slots for us. Holds nothing."""
        with self._alone(connection) as digest:
            if digest:
                self._check(connection, digest)

    def hold(self, connection: Connection) -> None:
        """Does as `check`, and holds the key as long as this process lives."""
        with self._alone(connection) as digest:
            if digest:
                self._check(connection, digest)
                self._held.append(self._take(connection, digest))

    def close(self) -> None:
        """Lets go of what is held; the end of the process does the same."""
        for file in self._held:
            file.close()
        self._held.clear()

    @contextlib.contextmanager
    def _alone(self, connection: Connection) -> Iterator[str | None]:
        """Yields the key's digest, while no other process looks or takes; None where there is nothing to be held."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._guarded())
                digest = digest_of(connection)
            except OSError as error:
                log.warning("two folders with one key cannot be told here: %s", error, extra={"event": "no_key_holds"})
                digest = None
            yield digest

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Lets nobody else look or take. Raises OSError where that cannot be had."""
        if self.place is None:
            raise OSError("this user has no home folder")
        make_private(self.place)
        deadline = time.monotonic() + PATIENCE_S
        with _opened(self.place / ".guard") as guard:
            while not _locked(guard):
                if time.monotonic() > deadline:  # it was stopped in between, and nobody may wait for that
                    raise TimeoutError("another process looks at them, and does not get to an end")
                time.sleep(0.02)
            yield

    def _check(self, connection: Connection, digest: str) -> None:
        most, ours = MAX_RUNNING[connection.mode], connection.cap - connection.margin
        others = [holder for holder in self._others(digest) if holder.folder != str(self.data_dir)]
        taken = sum(holder.slots for holder in others)
        if others and taken + ours > most:
            folders = " and ".join(holder.folder for holder in others)
            raise ConfigError(
                f"{folders} works with the same key now, and may fill {taken} of Stripe's {most} slots; {ours} here "
                "would pass them, since each folder counts for itself: wait until it is done, work there, "
                "or give each its share (FOREBAY_CAP)"
            )

    def _others(self, digest: str) -> Iterator[_Holder]:
        """Yields who holds a key; removes what the dead left, of any key."""
        for path in self.place.glob("*.json") if self.place else ():
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                if _locked(file):
                    path.unlink()
                elif path.name.startswith(f"{digest}-"):
                    yield _holder(file.read())

    def _take(self, connection: Connection, digest: str) -> BinaryIO:
        assert self.place  # noqa: S101 - else nothing is guarded
        name = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        file = _opened(self.place / f"{digest}-{name}.json")
        fcntl.flock(file, fcntl.LOCK_SH)
        file.truncate(0)
        slots = connection.cap - connection.margin
        file.write(json.dumps(asdict(_Holder(folder=str(self.data_dir), slots=slots))).encode())
        file.flush()
        return file


def key_holds(data_dir: Path) -> KeyHolds:
    """Gives the keys that a data folder uses, among those of all folders of this user."""
    try:
        home = Path.home()
    except RuntimeError:  # of a user that the system does not know
        return KeyHolds(data_dir.absolute(), None)
    return KeyHolds(data_dir.absolute(), home / ".cache" / "forebay" / "keys")


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _locked(file: BinaryIO) -> bool:
    """Locks a file unless another process holds it; tells whether it did."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(text: bytes) -> _Holder:
    """Reads who holds a key, whichever release wrote it; of what cannot be read nobody can say how much it fills."""
    try:
        fields = read_json(text)
        return _Holder(folder=str(fields["folder"]), slots=int(fields["slots"]))
    except (ValueError, KeyError, TypeError):
        return _Holder(folder="a folder that does not say its name", slots=0)
