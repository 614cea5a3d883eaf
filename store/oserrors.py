"""Translates what the operating system refuses into our errors. Used around all that `store.local` does to a disk."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from forebay.store.errors import BadKey, Denied, NotFound, Unavailable

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
#: A file stands where the key needs a folder, or the reverse. To a reader that is no object, as it is on S3.
_SHAPE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
_BAD_KEY = _SHAPE | {errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EILSEQ}


@contextmanager
def translated(key: str, *, reading: bool = False) -> Iterator[None]:
    """Raises our error for an OSError inside; whoever is `reading` hears of a wrong shape as NotFound."""
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
