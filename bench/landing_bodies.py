"""Makes results that are larger than any disk should have to be: a block of CSV, and its deflated bytes, said again.

`bench.landing_servers` sends them as they are made. All that has to be computed for each block is a checksum.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from isal import isal_zlib

MB = 1_000_000
HEADER = b"id,created,amount,currency,fee,type,description,customer\n"
_ROWS = 100_000
_NAME = b"result.csv"
_ONES = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBody:
    """A body that is made while it is read."""

    size: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Rows, and what they are in the middle of a DEFLATE stream."""

    csv: bytes
    deflated: bytes


@cache
def _block() -> _Block:
    """Makes rows that deflate about tenfold, as Stripe's do where much is alike."""
    rows = (
        f"txn_{number:024d},2026-{number % 12 + 1:02}-{number % 28 + 1:02} 12:00:00,{number // 3 * 7919 % 90_000},usd,"
        f'{number % 50},charge,"Invoice {number // 40}, monthly",cus_{number // 40:014d}\n'
        for number in range(_ROWS)
    )
    csv = "".join(rows).encode()
    return _Block(csv=csv, deflated=_deflated(csv, zlib.Z_FULL_FLUSH))


def _deflated(data: bytes, end: int) -> bytes:
    deflater = zlib.compressobj(6, wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush(end)


def body_named(path: str) -> MadeBody:
    """Makes what a path asks for: `/csv/5000`, `/zip/50000`, in megabytes of CSV."""
    kind, _, megabytes = path.strip("/").partition("?")[0].partition("/")
    blocks = max(1, int(megabytes) * MB // len(_block().csv))
    return {"csv": _csv, "zip": _zip}[kind](blocks)


def _csv(blocks: int) -> MadeBody:
    block = _block().csv

    def pieces() -> Iterator[bytes]:
        yield HEADER
        for _ in range(blocks):
            yield block

    return MadeBody(size=len(HEADER) + blocks * len(block), pieces=pieces())


def _zip(blocks: int) -> MadeBody:
    """Makes a zip64 whose sizes and checksum follow its data, as who streams a zip has to."""
    block, head = _block(), _deflated(HEADER, zlib.Z_FULL_FLUSH)
    local = b"PK\x03\x04" + struct.pack("<5H3I2H", 45, 8, 8, 0, 0, 0, 0, 0, len(_NAME), 0) + _NAME
    last = _deflated(b"", zlib.Z_FINISH)
    compressed = len(head) + blocks * len(block.deflated) + len(last)
    inflated = len(HEADER) + blocks * len(block.csv)

    def pieces() -> Iterator[bytes]:
        yield local + head
        crc = isal_zlib.crc32(HEADER)
        for _ in range(blocks):
            yield block.deflated
            crc = isal_zlib.crc32(block.csv, crc)
        yield last + _behind(len(local) + compressed, crc, compressed, inflated)

    behind = len(_behind(len(local) + compressed, 0, compressed, inflated))
    return MadeBody(size=len(local) + compressed + behind, pieces=pieces())


def _behind(at: int, crc: int, compressed: int, inflated: int) -> bytes:
    """Makes what stands behind a member that ends `at` this byte: descriptor, directory and the end records."""
    descriptor = b"PK\x07\x08" + struct.pack("<IQQ", crc, compressed, inflated)
    extra = struct.pack("<HHQQ", 1, 16, inflated, compressed)
    numbers = (crc, _ONES, _ONES, len(_NAME), len(extra), 0, 0, 0, 0, 0)
    entry = b"PK\x01\x02" + struct.pack("<6H3I5H2I", 45, 45, 8, 8, 0, 0, *numbers) + _NAME + extra
    start = at + len(descriptor)
    end64 = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 1, 1, len(entry), start)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, start + len(entry), 1)
    end = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, _ONES, _ONES, 0)
    return descriptor + entry + end64 + locator + end
