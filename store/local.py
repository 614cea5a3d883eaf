"""Makes a local folder a store: what `file:///…` and plain paths open.

An object is a file. It is written beside its final place under a hidden name and renamed when whole, with the file
and then its folder forced to disk, so that a power cut leaves either the old state or the new one. As on S3 there are
no empty folders: the last file that is deleted takes its folders along.
"""

import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from forebay.store.errors import BadKey, BadUrl, Denied, NotFound, Refused, Unavailable
from forebay.store.key_rules import TEMP_PREFIX, checked

READ_BYTES = 1 << 20

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
#: A file stands where the key needs a folder, or the reverse. To a reader that is no object, as it is on S3.
_SHAPE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
#: A folder can go between making it and using it, but not time and again.
_TRIES = 20
_BAD_KEY = _SHAPE | {errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EILSEQ}


@contextmanager
def _translated(key: str, *, reading: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if reading and exc.errno in _SHAPE:
            raise NotFound(key) from exc
        reason = exc.strerror or type(exc).__name__
        if exc.errno in _DENIED:
            raise Denied(f"{key!r}: {reason}; give this user the right to read and write there") from exc
        if exc.errno in _BAD_KEY:
            raise BadKey(key, f"cannot be a file here: {reason}") from exc
        raise Unavailable(f"{key!r}: {reason}") from exc
    except UnicodeEncodeError as exc:
        raise BadKey(key, "cannot be a file name here") from exc


class _LocalWriter:
    def __init__(self, key: str, file: BinaryIO, temp: Path, target: Path) -> None:
        self._key = key
        self._file = file
        self._temp = temp
        self._target = target

    def write(self, data: bytes) -> None:
        with _translated(self._key):
            self._file.write(data)

    def commit(self) -> None:
        with _translated(self._key):
            self._force()
            self._temp.replace(self._target)
            _sync_folder(self._target.parent)

    def create(self) -> bool:
        """Publishes unless the target exists; a hard link, unlike a rename, refuses to replace."""
        with _translated(self._key):
            self._force()
            try:
                self._target.hardlink_to(self._temp)
            except FileExistsError:
                return False
            _sync_folder(self._target.parent)
            return True

    def _force(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def open_folder(url: str) -> "LocalStore":
    """Opens `file:///folder` or a path. Contacts nothing. Raises BadUrl."""
    if not url.startswith("file://"):
        if not url.strip():
            raise BadUrl("an empty destination; give s3://bucket/prefix or a folder")
        return LocalStore(Path(url).expanduser().absolute())
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise BadUrl("a folder's URL is file:///absolute/path; percent-encode ? and #")
    return LocalStore(Path(unquote(parts.path)))


class LocalStore:
    """A folder on this machine (or one that several machines mount)."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.url = self._root.as_uri()

    def __repr__(self) -> str:
        return f"LocalStore({self.url!r})"

    def url_of(self, key: str) -> str:
        return self._root.joinpath(checked(key)).as_uri()

    @contextmanager
    def writer(self, key: str, *, content_type: str | None = None) -> Iterator[_LocalWriter]:  # noqa: ARG002
        target = self._path(key)
        with _translated(key):
            temp, file = _new_file_beside(target)
        try:
            yield _LocalWriter(key, file, temp, target)
        finally:
            with suppress(OSError):  # closing flushes, which fails again where the write just failed
                file.close()
            temp.unlink(missing_ok=True)

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
        with _translated(key, reading=True):
            return path.read_bytes()

    def open(self, key: str) -> Iterator[bytes]:
        path = self._path(key)
        with _translated(key, reading=True):
            file = path.open("rb")
        with file:
            while True:
                with _translated(key, reading=True):
                    data = file.read(READ_BYTES)
                if not data:
                    return
                yield data

    def size(self, key: str) -> int | None:
        path = self._path(key)
        try:
            with _translated(key, reading=True):
                return path.stat().st_size if path.is_file() else None
        except NotFound:
            return None

    def list(self, prefix: str = "") -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        for key in self._walk(folder):
            if key.startswith(prefix):
                yield key

    def folders(self, prefix: str = "") -> Iterator[str]:
        folder, _, beginning = prefix.rpartition("/")
        for entry in self._entries(folder):
            if entry.is_dir() and entry.name.startswith(beginning):
                yield entry.name

    def delete(self, key: str) -> None:
        path = self._path(key)
        with suppress(NotFound), _translated(key, reading=True):
            path.unlink()
            _sync_folder(path.parent)
        for folder in path.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:  # something is in it, or somebody else was faster
                break

    def probe(self) -> None:
        key = f".forebay-probe-{secrets.token_hex(8)}"
        try:
            self.put(key, b"probe")
            self.get(key)
            self.delete(key)
        except Unavailable as exc:
            raise Unavailable(f"{self.url}: {exc}; is the disk mounted, and not full?") from exc
        except Refused as exc:
            raise Denied(f"{self.url} is no folder that this user can write to: {exc}") from exc

    def close(self) -> None:
        """Does nothing: nothing stays open between calls."""

    def _path(self, key: str) -> Path:
        path = self._root / checked(key)
        # A symlink inside the root may point anywhere; following it out would make a key a way to any file.
        with _translated(key):
            inside = path.resolve().is_relative_to(self._root)
        if not inside:
            raise BadKey(key, "leads out of the store through a symbolic link")
        return path

    def _walk(self, folder: str) -> Iterator[str]:
        for entry in self._entries(folder):
            key = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):  # a link could lead round in circles
                yield from self._walk(key)
            elif entry.is_file():
                yield key

    def _entries(self, folder: str) -> Sequence[os.DirEntry[str]]:
        """Lists a folder in the order in which S3 would list the keys: a folder's name counts with its slash."""
        path = self._path(folder) if folder else self._root
        try:
            with _translated(folder, reading=True), os.scandir(path) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(TEMP_PREFIX)]
        except NotFound:
            return ()
        return sorted(visible, key=lambda entry: os.fsencode(entry.name) + b"/" * entry.is_dir())


def _new_file_beside(target: Path) -> tuple[Path, BinaryIO]:
    """Makes a hidden file in the target's folder, which is made; whoever deletes its last file may be faster."""
    temp = target.with_name(TEMP_PREFIX + secrets.token_hex(8))
    for _ in range(_TRIES - 1):
        # Also where a folder exists and, when it is looked at to see whether it is one, does no longer.
        with suppress(FileNotFoundError, FileExistsError):
            _make_folder(target.parent)
            return temp, temp.open("xb")
    _make_folder(target.parent)
    return temp, temp.open("xb")


def _make_folder(folder: Path) -> None:
    """Makes a folder and the ones above it, each durable in its parent before a file relies on it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # deleted since, with all that was in it
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
