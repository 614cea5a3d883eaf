"""Translates what the operating system refuses into our errors. Used around all that `store.local` does to a disk."""

import errno
from types import TracebackType

from forebay.store.errors import BadKey, Denied, NotFound, StoreError, Unavailable

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
#: A file stands where the key needs a folder, or the reverse. To a reader that is no object, as it is on S3.
_SHAPE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
_BAD_KEY = _SHAPE | {errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EILSEQ}


class translated:  # noqa: N801 - used as a function
    """Raises our error for an OSError inside; whoever is `reading` hears of a wrong shape as NotFound."""

    __slots__ = ("_key", "_reading")

    def __init__(self, key: str, *, reading: bool = False) -> None:
        self._key, self._reading = key, reading

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise _translation(self._key, error, reading=self._reading) from error
        if isinstance(error, UnicodeEncodeError):
            raise BadKey(self._key, "cannot be a file name here") from error


def _translation(key: str, error: OSError, *, reading: bool) -> StoreError:
    if reading and error.errno in _SHAPE:
        return NotFound(key)
    reason = error.strerror or type(error).__name__
    if error.errno in _DENIED:
        return Denied(f"{key!r}: {reason}; give this user the right to read and write there")
    if error.errno == errno.EXDEV:
        return BadKey(key, "lies on a disk of its own inside of the store; open the folder that is mounted")
    if error.errno in _BAD_KEY:
        return BadKey(key, f"cannot be a file here: {reason}")
    return Unavailable(f"{key!r}: {reason}")
