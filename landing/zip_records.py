"""Reads the records of a zip file from bytes: layouts and meanings, no streams. `landing.zipstream` walks through them.

Numbers are from PKWARE's APPNOTE 6.3.10. All integers are little-endian; a 32-bit field of all ones means that the
number stands in the zip64 extra field instead.
"""

import struct
from dataclasses import dataclass

from forebay.landing.errors import CorruptZip, UnsupportedZip

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"
DESCRIPTOR = b"PK\x07\x08"

STORED = 0
DEFLATED = 8

#: Flags: bit 0 encrypted, 5 a patch, 6 strong encryption, 13 masked headers; with any of them we cannot read.
UNREADABLE_FLAGS = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 13
#: By the low byte of the field: 6.3.
LATEST_VERSION = 63
#: Flag: CRC and sizes follow the data, because the writer did not know them before.
STREAMED_FLAG = 1 << 3

ZIP64_EXTRA = 0x0001
ONES_32 = 0xFFFF_FFFF
ONES_16 = 0xFFFF

LOCAL_LAYOUT = struct.Struct("<HHHHHIIIHH")
CENTRAL_LAYOUT = struct.Struct("<HHHHHHIIIHHHHHII")
END_LAYOUT = struct.Struct("<HHHHIIH")
END64_LAYOUT = struct.Struct("<QHHIIQQQQ")
LOCATOR64_LAYOUT = struct.Struct("<IQI")

#: The four forms of a data descriptor. The signature is optional, and nothing says which width it has.
DESCRIPTOR_LAYOUTS = [
    (DESCRIPTOR, struct.Struct("<III")),
    (DESCRIPTOR, struct.Struct("<IQQ")),
    (b"", struct.Struct("<III")),
    (b"", struct.Struct("<IQQ")),
]
LONGEST_DESCRIPTOR = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHeader:
    """What stands before a member's data."""

    method: int
    name: bytes
    promised: tuple[int, int, int] | None
    """CRC, compressed and inflated bytes; None if the writer did not know them before the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member as the stream showed it, or as the central directory says it was: the two must be equal."""

    offset: int
    method: int
    name: bytes
    crc: int
    compressed: int
    inflated: int


def local_header(fields: bytes, name: bytes, extra: bytes) -> LocalHeader:
    """Reads what stands before a member. Raises UnsupportedZip, CorruptZip."""
    version, flags, method, _, _, crc, compressed, inflated, _, _ = LOCAL_LAYOUT.unpack(fields)
    _check_readable(version, flags)
    if method not in (STORED, DEFLATED):
        raise UnsupportedZip(f"the zip uses compression method {method}")
    if flags & STREAMED_FLAG:
        return LocalHeader(method=method, name=name, promised=None)
    inflated, compressed = _widened(extra, inflated, compressed)
    return LocalHeader(method=method, name=name, promised=(crc, compressed, inflated))


def central_entry(fields: bytes, name: bytes, extra: bytes) -> Member:
    """Reads what the directory says of a member, which is what readers go by. Raises UnsupportedZip, CorruptZip."""
    values = CENTRAL_LAYOUT.unpack(fields)
    _check_readable(*values[1:3])
    inflated, compressed, offset = _widened(extra, values[8], values[7], values[15])
    return Member(offset=offset, method=values[3], name=name, crc=values[6], compressed=compressed, inflated=inflated)


def _check_readable(version: int, flags: int) -> None:
    if flags & UNREADABLE_FLAGS:
        raise UnsupportedZip("the zip is encrypted or patched")
    if version & 0xFF > LATEST_VERSION:
        raise CorruptZip("the zip asks for a version of its format that there is not")


def descriptor_bytes(window: bytes, crc: int, compressed: int, inflated: int) -> int | None:
    """Measures the data descriptor that `window` begins with, if it says just these numbers.

    Which of the four forms it has can only be told by what fits, the signature of the next record included.
    """
    for signature, layout in DESCRIPTOR_LAYOUTS:
        end = len(signature) + layout.size
        if not window.startswith(signature) or window[end : end + 4] not in (LOCAL, CENTRAL):
            continue
        if layout.unpack(window[len(signature) : end]) == (crc, compressed, inflated):
            return end
    return None


def sizes_fit(window: bytes, at: int, size: int) -> bool:
    """Tells whether a signed descriptor at this place would say that compressed and inflated bytes are `size`."""
    sizes = at + len(DESCRIPTOR) + 4
    narrow = size <= ONES_32 and window[sizes : sizes + 8] == struct.pack("<II", size, size)
    return narrow or window[sizes : sizes + 16] == struct.pack("<QQ", size, size)


def _widened(extra: bytes, *fields: int) -> list[int]:
    """Gives the fields, with those that are all ones replaced by the zip64 extra field's numbers, in its order."""
    wide = _zip64_numbers(extra) if ONES_32 in fields else []
    if fields.count(ONES_32) > len(wide):
        raise CorruptZip("the zip lacks a zip64 number")
    return [wide.pop(0) if field == ONES_32 else field for field in fields]


def _zip64_numbers(extra: bytes) -> list[int]:
    while len(extra) >= 4:
        tag, size = struct.unpack_from("<HH", extra)
        if tag == ZIP64_EXTRA:
            numbers = extra[4 : 4 + size]
            return [number for (number,) in struct.iter_unpack("<Q", numbers[: len(numbers) // 8 * 8])]
        extra = extra[4 + size :]
    return []
