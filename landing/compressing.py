"""Compresses a CSV for the formats that store another stream than Stripe's, and reads it back: DEFLATE and Zstandard.

The same CSV becomes the same bytes, in whatever pieces it comes: what a compressor makes depends on how its input is
cut, so it is always cut here.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Protocol

from isal import isal_zlib

from forebay.landing.errors import TooLarge, Unreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Sink = Callable[[bytes], None]

#: What isal raises; its stub calls the class an instance.
InflateError: type[Exception] = isal_zlib.error  # type: ignore[assignment]

BLOCK_BYTES = 256 << 10
#: What one step of reading back yields at most.
PIECE_BYTES = 1 << 20
#: isal's: about as small as zlib's default makes it, at a tenth of its time.
_DEFLATE_LEVEL = 2
#: Of ids, times and amounts it makes no more than the default (3) does, in less than half of its time.
_ZSTD_LEVEL = 1


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def deflated(pieces: Iterator[bytes], sink: Sink) -> Iterator[bytes]:
    """Yields the pieces as they are, and gives `sink` their raw DEFLATE stream (RFC 1951), whole when they end."""
    return _compressed(pieces, isal_zlib.compressobj(_DEFLATE_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS), sink)


def zstandard(pieces: Iterator[bytes], sink: Sink) -> Iterator[bytes]:
    """Yields the pieces as they are, and gives `sink` their one Zstandard frame (RFC 8878) with its checksum."""
    parameter = zstd.CompressionParameter
    options: dict[int, int] = {parameter.checksum_flag: 1, parameter.compression_level: _ZSTD_LEVEL}
    return _compressed(pieces, zstd.ZstdCompressor(options=options), sink)


def _compressed(pieces: Iterator[bytes], compressor: _Compressor, sink: Sink) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in pieces:
        yield piece
        waiting += piece
        while len(waiting) >= BLOCK_BYTES:
            sink(compressor.compress(bytes(memoryview(waiting)[:BLOCK_BYTES])))
            del waiting[:BLOCK_BYTES]
    sink(compressor.compress(bytes(waiting)) + compressor.flush())


def gunzipped(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yields what a gzip file of one member holds. Raises Unreadable if it is damaged, TooLarge if it holds more."""
    return _read_back(chunks, _Gunzip(), max_bytes)


def unzstandard(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yields what one Zstandard frame holds. Raises Unreadable if it is damaged, TooLarge if it holds more."""
    return _read_back(chunks, zstd.ZstdDecompressor(), max_bytes)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gunzip:
    """Isal's decompressor in the manner of the others: it keeps what it was given and has not read yet."""

    def __init__(self) -> None:
        self._inflater = isal_zlib.decompressobj(16 + isal_zlib.MAX_WBITS)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)
        self.needs_input = len(piece) < max_length and not self._inflater.unconsumed_tail
        return piece


def _read_back(chunks: Iterator[bytes], decompressor: _Decompressor, max_bytes: int) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        data = chunk
        while data or not (decompressor.needs_input or decompressor.eof):
            if decompressor.eof:
                raise Unreadable("more bytes follow its end")
            try:
                piece = decompressor.decompress(data, PIECE_BYTES)
            except (InflateError, zstd.ZstdError) as error:
                raise Unreadable(f"it cannot be decompressed ({error})") from error
            data = decompressor.unused_data if decompressor.eof else b""
            read += len(piece)
            if read > max_bytes:
                raise TooLarge(f"it holds more than {max_bytes} bytes")
            if piece:
                yield piece
    if not decompressor.eof:
        raise Unreadable("it ends too early")
