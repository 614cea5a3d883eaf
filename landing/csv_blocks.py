"""Cuts a CSV into blocks of whole records, whatever pieces it comes in: what is made of each block is then the same.

A format that reads records takes them from here. By RFC 4180 a line feed ends a record if an even number of quotes
stands before it (`csv_records.py`), so only the tail of each block is looked at closely.
"""

import csv
import io
from collections.abc import Iterator

from forebay.landing.errors import NoTable

BOM = b"\xef\xbb\xbf"
#: So much of a block's end is searched at once for where its last record ends.
_TAIL_BYTES = 64 << 10


def blocks(pieces: Iterator[bytes], *, block_bytes: int, most_bytes: int) -> Iterator[bytes]:
    """Yields blocks of whole records, of about `block_bytes`; larger only where one record is.

    Raises NoTable for a record of more than `most_bytes`.
    """
    waiting = bytearray()
    reach = block_bytes
    for piece in pieces:
        waiting += piece
        while len(waiting) >= reach:
            end = _last_end(waiting, reach)
            if end:
                yield bytes(memoryview(waiting)[:end])
                del waiting[:end]
                reach = block_bytes
            elif reach >= most_bytes:
                raise NoTable(f"a record of it is longer than {most_bytes >> 20} MiB, or its quotes do not pair up")
            else:
                reach += block_bytes
    if waiting:
        yield bytes(waiting)


def header_and_rest(block: bytes) -> tuple[tuple[str, ...], bytes]:
    """Takes the names of the columns from the first block. Raises NoTable where nothing could be read by them."""
    start = len(BOM) if block.startswith(BOM) else 0
    at = block.find(b"\n", start)
    while at >= 0 and block.count(b'"', start, at) % 2:
        at = block.find(b"\n", at + 1)
    line, rest = (block[start:at], block[at + 1 :]) if at >= 0 else (block[start:], b"")
    try:
        text = line.decode().removesuffix("\r")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise NoTable("its header is no line of CSV in UTF-8") from None
    if not rows:
        raise NoTable("it has no header, so nothing names its columns")
    if len(rows) > 1:
        raise NoTable("a carriage return stands alone in its header, and would end it")
    return tuple(rows[0]), rest


def _last_end(data: bytearray, reach: int) -> int:
    """Finds where the last record ends that is whole within `reach`; 0 if none is."""
    inside = data.count(b'"', 0, reach) % 2
    while reach:
        start = max(0, reach - _TAIL_BYTES)
        parts = bytes(memoryview(data)[start:reach]).split(b'"')
        # Every other part is outside of quotes: the last one is, if an even number of them stands before it.
        outside = len(parts) - 1 - inside
        if b"\n" in b"".join(parts[outside % 2 :: 2]):
            while b"\n" not in parts[outside]:
                outside -= 2
            return start + sum(map(len, parts[:outside])) + outside + parts[outside].rfind(b"\n") + 1
        inside = (inside + len(parts) - 1) % 2
        reach = start
    return 0
