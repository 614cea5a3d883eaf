"""Makes a local folder a store: what `file:///…` and plain paths open.

An object is a file. It is written as a draft (`store.drafts`) and renamed when whole, with the file and then its folder
forced to disk, so that a power cut leaves either the old state or the new one. As on S3 there are no empty folders:
the last file that is deleted takes its folders along.

What is stored is as open as the store's folder: its mode is that of every folder below, and without the right to
execute that of every file, as far as the umask lets. A store's folder that does not exist yet is made for this user
alone. So results and ledger are private until somebody opens the folder (`chmod 755`), and then from there on.
"""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from forebay.store.drafts import FOLDER, draft, sweep, sweep_beside
from forebay.store.errors import BadKey, BadUrl, Denied, NotFound, StoreError, Unavailable
from forebay.store.key_rules import TEMP_PREFIX, checked

READ_BYTES = 1 << 20

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
#: A file stands where the key needs a folder, or the reverse. To a reader that is no object, as it is on S3.
_SHAPE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
#: A folder can go between making it and using it, but not time and again.
_TRIES = 20
_BAD_KEY = _SHAPE | {errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EILSEQ}

#: Brings a draft to its target: by a rename, or by a link.
How = Callable[[Path], object]


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
        if exc.errno == errno.EXDEV:
            raise BadKey(key, "lies on a disk of its own inside of the store; open the folder that is mounted") from exc
        if exc.errno in _BAD_KEY:
            raise BadKey(key, f"cannot be a file here: {reason}") from exc
        raise Unavailable(f"{key!r}: {reason}") from exc
    except UnicodeEncodeError as exc:
        raise BadKey(key, "cannot be a file name here") from exc


class _LocalWriter:
    def __init__(self, key: str, file: BinaryIO, draft: Path, publish: Callable[[How], None]) -> None:
        self._key = key
        self._file = file
        self._draft = draft
        self._publish = publish

    def write(self, data: bytes) -> None:
        with _translated(self._key):
            self._file.write(data)

    def commit(self) -> None:
        with _translated(self._key):
            self._finish(self._draft.replace)

    def create(self) -> bool:
        """Publishes unless the target exists; a hard link, unlike a rename, refuses to replace."""
        with _translated(self._key):
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


def open_folder(url: str) -> "LocalStore":
    """Opens `file:///folder` or a path. Contacts nothing. Raises BadUrl."""
    return LocalStore(folder_of(url))


def folder_of(url: str) -> Path:
    """Reads `file:///folder` or a path. Raises BadUrl."""
    if not url.startswith("file://"):
        if not url.strip():
            raise BadUrl("an empty destination; give s3://bucket/prefix or a folder")
        if "\0" in url:
            raise BadUrl("a destination with a NUL in it")
        try:
            return Path(url).expanduser().absolute()
        except RuntimeError as exc:
            raise BadUrl(f"{url.partition('/')[0]} is no user whose home is known here") from exc
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadUrl("a folder's URL is file:///absolute/path") from None
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise BadUrl("a folder's URL is file:///absolute/path; percent-encode ? and #")
    path = unquote(parts.path)
    if "\0" in path:
        raise BadUrl("a destination with a NUL in it")
    return Path(path)


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
        with ExitStack() as stack:
            with _translated(key):
                mode = self._made()
                path, file = stack.enter_context(draft(self._root, mode=mode))
            yield _LocalWriter(key, file, path, lambda how: self._publish(target, how, mode))

    def _publish(self, target: Path, how: How, mode: int) -> None:
        """Brings a draft to its place, in a folder that is made; whoever deletes its last file may be faster."""
        for _ in range(_TRIES - 1):
            _make_folder(target.parent, mode)
            with suppress(FileNotFoundError):
                how(target)
                break
        else:
            _make_folder(target.parent, mode)
            how(target)
        _sync_folder(target.parent)

    def _made(self) -> int:
        """Makes the store's folder, for this user alone, where it is not there; returns its mode."""
        _make_folder(self._root, 0o700)
        return self._root.stat().st_mode & 0o777

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

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def probe(self) -> None:
        key = f".forebay-probe-{secrets.token_hex(8)}"
        try:
            self.put(key, b"probe")
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
        with _translated(FOLDER):
            return sweep(self._root, now.timestamp())

    def sweep_beside(self, folder: str, now: datetime) -> int:
        """Removes what killed writers of release 0.1.0 left below a folder of it, a day ago or longer."""
        with _translated(folder):
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
        with _translated(key):
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
            with _translated(folder, reading=True), os.scandir(path) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(TEMP_PREFIX)]
        except NotFound:
            return ()
        return sorted(visible, key=lambda entry: os.fsencode(entry.name) + b"/" * entry.is_dir())


def _make_folder(folder: Path, mode: int) -> None:
    """Makes a folder and the ones above it, each durable in its parent before a file relies on it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, mode)
    # Also where it exists and, when it is looked at to see whether it is one, does no longer.
    with suppress(FileNotFoundError, FileExistsError):
        folder.mkdir(mode)
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
