"""Holds the bytes of one part of an upload, and hands them to botocore without another copy of them.

`multipart.py` fills a buffer, lets a thread send it, and fills it again: memory that is taken anew for each part, or
that grows piece by piece, leaves holes between what others took meanwhile.
"""

import io
from typing import BinaryIO, cast

MIB = 1 << 20


class PartBuffer:
    """Room for one part. One thread at a time uses it."""

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes
        """Of all of it, however much is filled."""
        self.filled = 0
        # Small objects take what they need; from a megabyte on it is a part, mostly.
        self._memory = bytearray()

    @property
    def left(self) -> int:
        """Counts the bytes that it still takes."""
        return self.room_bytes - self.filled

    def take(self, data: bytes | memoryview) -> None:
        """Appends what it has room for."""
        end = self.filled + len(data)
        if len(self._memory) < end:
            self._grow(end)
        self._memory[self.filled : end] = data
        self.filled = end

    def _grow(self, end: int) -> None:
        grown = bytearray(end if end < MIB else self.room_bytes)
        grown[: self.filled] = memoryview(self._memory)[: self.filled]
        self._memory = grown

    @property
    def filled_bytes(self) -> memoryview:
        """Shows what is in it: valid until it is emptied."""
        return memoryview(self._memory)[: self.filled]

    def body(self) -> BinaryIO:
        """Gives what is in it as the body of a request."""
        return cast("BinaryIO", _Body(self.filled_bytes))

    def empty(self) -> None:
        """Forgets what is in it, and keeps the memory."""
        self.filled = 0


class _Body(io.RawIOBase):
    """A file as botocore and urllib3 read a body.

    urllib3 asks for 16 KiB at a time, and sends what it gets, which may be more: each piece has its price. botocore
    goes back to the beginning where it sends a request again.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def __len__(self) -> int:
        return len(self._data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + max(size, MIB)
        piece = self._data[self._at : end]
        self._at += len(piece)
        return cast("bytes", piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        return self._at

    def tell(self) -> int:
        return self._at
