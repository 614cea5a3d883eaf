"""Stores a result as gzip, however small it is: format `csv.gz`, which every warehouse reads.

A member of a zip and the body of a gzip file are one and the same: a DEFLATE stream. So Stripe's zip is framed anew:
its compressed bytes go on as they came, and inflating them at the side proves them, and gives what stands behind them.
"""

import struct

from isal import isal_zlib

from forebay.landing.body import Incoming
from forebay.landing.compressing import deflated
from forebay.landing.content import Content
from forebay.landing.formats.containers import CSV_GZ
from forebay.landing.formats.format import Limits
from forebay.landing.output import Output, Target
from forebay.landing.zipstream import unzip

#: RFC 1952: DEFLATE, no name and no time, so that the same result lands as the same bytes; of an unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_TRAILER = struct.Struct("<II")


def gzip_csv(body: Incoming, content: Content, target: Target, limits: Limits) -> Output:
    """Writes the gzip file while it is inflated at the side: a `landing.formats.format.Format`. Raises LandingError."""
    output = target.open(CSV_GZ)
    output.write(_HEADER)
    if body.is_zip:
        pieces = unzip(body.chunks(), max_bytes=limits.max_csv_bytes, deflate=output.write)
    else:
        pieces = deflated(body.csv(max_bytes=limits.max_csv_bytes), output.write)
    crc = 0
    for piece in pieces:
        content.feed(piece)
        crc = isal_zlib.crc32(piece, crc)
    output.write(_TRAILER.pack(crc, content.bytes & 0xFFFF_FFFF))
    return output
