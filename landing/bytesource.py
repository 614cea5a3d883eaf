"""Reads a stream of chunks of any size as exact numbers of bytes, for `landing.zipstream`."""

from collections.abc import Iterator

from forebay.landing.errors import TruncatedZip


class ByteSource:
    """A forward-only reader that can look ahead and take bytes back."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""
        self.position = 0
        """Bytes read so far, less those taken back."""

    def exactly(self, count: int) -> bytes:
        """Reads so many bytes. Raises TruncatedZip if the stream has fewer."""
        data = self.peek(count)
        if len(data) < count:
            raise TruncatedZip(f"the zip ends {count - len(data)} bytes into a record, at byte {self.position}")
        self._buffer = self._buffer[count:]
        self.position += count
        return data

    def some(self, limit: int | None = None) -> bytes:
        """Reads at least one byte, whatever is at hand, at most `limit`. Raises TruncatedZip at the end."""
        if not self._fill(1):
            raise TruncatedZip(f"the zip ends within its data, at byte {self.position}")
        return self.exactly(len(self._buffer) if limit is None else min(limit, len(self._buffer)))

    def peek(self, count: int) -> bytes:
        """Shows the next bytes, fewer only at the end; they stay unread."""
        self._fill(count)
        return self._buffer[:count]

    def unread(self, data: bytes) -> None:
        """Takes back the bytes read last."""
        self._buffer = data + self._buffer
        self.position -= len(data)

    def _fill(self, count: int) -> bool:
        if len(self._buffer) >= count:
            return True
        held = [self._buffer]
        total = len(self._buffer)
        while total < count and (chunk := next(self._chunks, None)) is not None:
            held.append(chunk)
            total += len(chunk)
        self._buffer = b"".join(held)
        return total >= count
