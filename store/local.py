"""Makes a local folder a store: what `file:///…` and plain paths open.

An object is a file, written by `store.local_writer`. As on S3 there are no empty folders: the last file that is deleted
takes its folders along.

What is stored is as open as the store's folder: its mode is that of every folder below, and without the right to
execute that of every file, as far as the umask lets. A store's folder that does not exist yet is made for this user
alone. So results and ledger are private until somebody opens the folder (`chmod 755`), and then from there on.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from forebay.store.drafts import FOLDER, sweep, sweep_beside
from forebay.store.errors import BadKey, BadUrl, Denied, NotFound, NotSigned, StoreError, Unavailable
from forebay.store.key_rules import TEMP_PREFIX, checked
from forebay.store.local_writer import LocalWriter, opened, sync_folder
from forebay.store.oserrors import translated
from forebay.store.probing import PROBE, PROBE_AGE, PROBES, probe_key
from forebay.store.urls import folder_of

READ_BYTES = 1 << 20


def open_folder(url: str) -> "LocalStore":
    """Opens `file:///folder` or a path. Contacts nothing. Raises BadUrl."""
    return LocalStore(folder_of(url))


class LocalStore:
    """A folder on this machine (or one that several machines mount)."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.url = self._root.as_uri()

    def __repr__(self) -> str:
        return f"LocalStore({self.url!r})"

    def url_of(self, key: str) -> str:
        return self._root.joinpath(checked(key)).as_uri()

    def signed_url(self, key: str, for_s: int) -> SecretStr:  # noqa: ARG002
        raise NotSigned(
            f"results of this destination are files in a folder, {self.url}, to which there are no signed links; "
            "read them there, or land in a bucket"
        )

    def writer(self, key: str, *, content_type: str | None = None) -> AbstractContextManager[LocalWriter]:  # noqa: ARG002
        return opened(self._root, self._path(key), key)

    def put(self, key: str, data: bytes) -> None:
        with self.writer(key) as writer:
            writer.write(data)
            writer.commit()

    def create(self, key: str, data: bytes) -> bool:
        with self.writer(key) as writer:
            writer.write(data)
            return writer.create()

    def copy(self, source: str, target: str) -> None:
        if self.size(source) is None:
            raise NotFound(source)
        with self.writer(target) as writer:
            for data in self.open(source):
                writer.write(data)
            writer.commit()

    def get(self, key: str) -> bytes:
        path = self._path(key)
        with translated(key, reading=True):
            return path.read_bytes()

    def open(self, key: str) -> Iterator[bytes]:
        path = self._path(key)
        with translated(key, reading=True):
            file = path.open("rb")
        with file:
            while True:
                with translated(key, reading=True):
                    data = file.read(READ_BYTES)
                if not data:
                    return
                yield data

    def size(self, key: str) -> int | None:
        path = self._path(key)
        try:
            with translated(key, reading=True):
                return path.stat().st_size if path.is_file() else None
        except NotFound:
            return None

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        folder, _, beginning = prefix.rpartition("/")
        return (key for key in self._walk(folder, beginning) if key.encode() > after.encode())

    def folders(self, prefix: str = "", after: str = "") -> Iterator[str]:
        folder, slash, beginning = prefix.rpartition("/")
        for entry in self._entries(folder):
            behind = f"{folder}{slash}{entry.name}/".encode() > after.encode()
            if behind and entry.is_dir() and entry.name.startswith(beginning):
                yield entry.name

    def delete(self, key: str) -> None:
        path = self._path(key)
        with suppress(NotFound), translated(key, reading=True):
            path.unlink()
            sync_folder(path.parent)
        for folder in path.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:  # something is in it, or somebody else was faster
                break

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def probe(self) -> None:
        key = probe_key()
        try:
            self.put(key, PROBE)
            self.get(key)
            self.delete(key)
        except StoreError as exc:
            raise self._explained(exc) from exc

    def _explained(self, error: StoreError) -> StoreError:
        """Says what is wrong with the folder itself, where a key of our own is of no interest."""
        cause = error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) else str(error)
        file = next((path for path in (self._root, *self._root.parents) if path.is_file()), None)
        if file:
            return BadUrl(f"{file} is a file; a destination is a folder, or s3://bucket/prefix")
        if isinstance(error, Unavailable):
            return Unavailable(f"{self._root} cannot be written to now: {reason}")
        return Denied(f"{self._root} is no folder that this user can write to: {reason}")

    def sweep(self, now: datetime, ours: Callable[[str], bool]) -> int:  # noqa: ARG002 - every draft is ours
        with translated(FOLDER):
            return sweep(self._root, now.timestamp()) + self._sweep_probes(now)

    def _sweep_probes(self, now: datetime) -> int:
        left = [key for key in self._walk(PROBES) if self._age_s(key, now) > PROBE_AGE.total_seconds()]
        self.delete_all(left)
        return len(left)

    def _age_s(self, key: str, now: datetime) -> float:
        try:
            return now.timestamp() - self._path(key).stat().st_mtime
        except FileNotFoundError:  # its own try has removed it
            return 0.0

    def sweep_beside(self, folder: str, now: datetime) -> int:
        """Removes what killed writers of release 0.1.0 left below a folder of it, a day ago or longer."""
        with translated(folder):
            return sweep_beside(self._path(folder), now.timestamp())

    def everybody_can_read(self) -> bool:
        """Says whether every user of this machine comes to what is stored, through all the folders above it."""
        if not self._root.is_dir():
            return False
        closed = [folder for folder in self._root.parents if not folder.stat().st_mode & stat.S_IXOTH]
        return not closed and bool(self._root.stat().st_mode & stat.S_IXOTH)

    def close(self) -> None:
        """Does nothing: nothing stays open between calls."""

    def _path(self, key: str) -> Path:
        path = self._root / checked(key)
        # A symlink inside the root may point anywhere; following it out would make a key a way to any file.
        with translated(key):
            inside = path.resolve().is_relative_to(self._root)
        if not inside:
            raise BadKey(key, "leads out of the store through a symbolic link")
        return path

    def _walk(self, folder: str, beginning: str = "") -> Iterator[str]:
        for entry in self._entries(folder):
            if not entry.name.startswith(beginning):
                continue
            key = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):  # a link could lead round in circles
                yield from self._walk(key)
            elif entry.is_file():
                yield key

    def _entries(self, folder: str) -> Sequence[os.DirEntry[str]]:
        """Lists a folder in the order in which S3 would list the keys: a folder's name counts with its slash."""
        path = self._path(folder) if folder else self._root
        try:
            with translated(folder, reading=True), os.scandir(path) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(TEMP_PREFIX)]
        except NotFound:
            return ()
        return sorted(visible, key=lambda entry: os.fsencode(entry.name) + b"/" * entry.is_dir())
