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
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.config.same_key import digest_of
from forebay.config.stripe import MAX_RUNNING
from forebay.store.private_folders import make_private

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    folder: str
    slots: int


@dataclass(slots=True)
class KeyHolds:
    """The keys that one data folder uses."""

    data_dir: Path
    """Absolute: by it the workers of one folder know each other."""
    place: Path
    """Where all folders of this user meet."""
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
        digest = digest_of(connection)
        with contextlib.ExitStack() as stack:
            try:
                make_private(self.place)
                guard = stack.enter_context(_opened(self.place / ".guard"))
                fcntl.flock(guard, fcntl.LOCK_EX)
            except OSError as error:
                log.warning("two folders with one key cannot be told here: %s", error, extra={"event": "no_key_holds"})
                digest = None
            yield digest

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
        for path in self.place.glob("*.json"):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                if not _is_locked(file):
                    path.unlink()
                elif path.name.startswith(f"{digest}-"):
                    yield _Holder(**json.loads(file.read()))

    def _take(self, connection: Connection, digest: str) -> BinaryIO:
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
    return KeyHolds(data_dir.absolute(), Path.home() / ".cache" / "forebay" / "keys")


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _is_locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
