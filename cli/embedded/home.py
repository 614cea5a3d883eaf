"""Reads and writes the files of the embedded services in one data folder.

    embedded/lock              held (flock) as long as a supervisor lives: the only proof that one does
    embedded/supervisor.json   its pid and URL, from when it may be used until it goes; the URL holds the password
    embedded/trouble.json      there while a worker dies as soon as it starts
    valkey/                    the server's configuration and append-only file
    logs/                      one log a process

A file may be left by a process that was killed; the lock cannot be, so it is asked first.
"""

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO, TypeVar

from forebay.cli.errors import EmbeddedFailed
from forebay.config.errors import ConfigError
from forebay.config.read_json import read_json
from forebay.store.private_folders import make_data_folder, make_private

#: How the names of files end that are being written.
_DRAFT = ".draft"

LOG_BYTES = 10 << 20
#: With less, Valkey could not begin an append-only file, nor a worker its log.
ROOM_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A supervisor that may be used. `settings_mark` tells whether its workers have the caller's settings."""

    pid: int
    url: str
    settings_mark: str
    began: str = ""
    """When its process began, as `process_began` tells; by it a pid that was given to another one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A worker that ends as soon as it starts."""

    worker: str
    deaths: int
    log: str


Said = TypeVar("Said", Running, Trouble)


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder. Absolute, since processes with other working folders meet in it."""

    data_dir: Path

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def valkey(self) -> Path:
        return self.data_dir / "valkey"

    @property
    def _embedded(self) -> Path:
        return self.data_dir / "embedded"

    def make(self) -> None:
        """Makes the folders, for this user alone: the password stands here. Raises `ConfigError`."""
        try:
            make_data_folder(self.data_dir)
            for folder in (self._embedded, self.valkey, self.logs):
                make_private(folder)
            ledger = self.data_dir / "ledger"
            if ledger.is_dir():  # an earlier release left it open to others
                make_private(ledger)
            self._open_lock().close()
        except OSError as error:
            raise ConfigError(
                f"{self.data_dir} cannot be the data folder ({error.strerror}): "
                "set FOREBAY_DATA_DIR to one that this user can write to"
            ) from error

    def _open_lock(self) -> BinaryIO:
        return _open_private(self._embedded / "lock", os.O_WRONLY)

    def check_room(self) -> None:
        """Raises `EmbeddedFailed` where the disk has no room for what is to be started: it could not even say so."""
        draft = self._embedded / f".room.{secrets.token_hex(4)}{_DRAFT}"
        try:
            with _open_private(draft, os.O_WRONLY | os.O_EXCL) as file:
                file.write(bytes(ROOM_BYTES))
        except OSError as error:
            raise EmbeddedFailed(
                f"nothing can be written to {self.data_dir}: {error.strerror}",
                way_out="make room there, or set FOREBAY_DATA_DIR to a folder on another disk",
            ) from error
        finally:
            draft.unlink(missing_ok=True)

    @contextlib.contextmanager
    def held(self, patience_s: float) -> Iterator[bool]:
        """Holds the lock, or yields False when somebody else does for longer than `patience_s`, or is there to stay.

        Whoever waited for one that has only begun would come after its end, when nobody asks for another one any more.
        """
        deadline = time.monotonic() + patience_s
        with self._open_lock() as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline or self.running():
                        yield False
                        return
                    time.sleep(0.05)
            for left in self._embedded.glob(f".*{_DRAFT}"):
                left.unlink(missing_ok=True)  # of a supervisor that was killed while it wrote
            yield True

    def alive(self) -> bool:
        """Tells whether a supervisor lives. Takes the lock for an instant, for which a starting one has patience."""
        try:
            with (self._embedded / "lock").open() as lock:
                # Shared, so that two who ask at once do not take each other for a supervisor.
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def running(self) -> Running | None:
        """Reads what the supervisor says of itself; None when there is none that may be used.

        What one says that was killed is still there while the next one begins, which has the lock by then, and ends the
        Valkey that it says.
        """
        running = _read(self._embedded / "supervisor.json", Running)
        return running if running and process_lives(running.pid, running.began) and self.alive() else None

    def announce(self, running: Running | None) -> None:
        """Announces the supervisor, which alone calls it; None: it may not be used any more."""
        _write(self._embedded / "supervisor.json", asdict(running) if running else None)

    def trouble(self) -> Trouble | None:
        return _read(self._embedded / "trouble.json", Trouble)

    def report(self, trouble: Trouble | None) -> None:
        """Writes down which worker is in trouble, for commands to tell; the supervisor alone calls it."""
        # A supervisor that ended because its disk is full would take Valkey along.
        with contextlib.suppress(OSError):
            _write(self._embedded / "trouble.json", asdict(trouble) if trouble else None)

    def log(self, name: str) -> Path:
        """Names the log of one process; one that has become long is put aside."""
        path = self.logs / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
        return path

    def open_log(self, name: str) -> BinaryIO:
        """Opens the log of one process to write at its end."""
        return _open_private(self.log(name), os.O_WRONLY | os.O_APPEND)


def process_began(pid: int) -> str:
    """Tells when a process began, in the kernel's ticks; empty where it has ended, or the system does not say."""
    try:
        # The name before it may hold anything, blanks and brackets too.
        state, *said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else said[18]
    except (OSError, ValueError, IndexError):
        return ""


def process_lives(pid: int, began: str) -> bool:
    """Tells whether a process lives that began then; where that is empty, whether any has its pid."""
    now = process_began(pid)
    if now or process_began(os.getpid()):  # where the system says it
        return now != "" and began in ("", now)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # or another user's was given its pid
        return False
    return True


def last_lines(path: Path, most: int) -> list[str]:
    """Reads the end of a log, and not all of it."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 8192))
            return log.read().decode(errors="replace").splitlines()[-most:]
    except OSError:
        return []


def _read(path: Path, shape: type[Said]) -> Said | None:
    """Reads what a supervisor said, which may be of another release: what is not known here is passed over."""
    try:
        written = read_json(path.read_text())
        return shape(**{each.name: written[each.name] for each in fields(shape) if each.name in written})
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write(path: Path, said: dict[str, object] | None) -> None:
    """Writes it whole or not at all, and for this user's eyes only from its first byte."""
    if said is None:
        path.unlink(missing_ok=True)
        return
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_DRAFT}")
    with _open_private(beside, os.O_WRONLY | os.O_EXCL) as file:
        file.write(json.dumps(said).encode())
    beside.replace(path)


def _open_private(path: Path, flags: int) -> BinaryIO:
    """Opens a file to write, which is made for this user alone if it is not there."""
    return os.fdopen(os.open(path, flags | os.O_CREAT, 0o600), "wb")
