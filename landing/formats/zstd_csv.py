"""Stores a result as Zstandard, however small it is: format `csv.zst`, smaller than gzip and quicker to read."""

from forebay.landing.body import Incoming
from forebay.landing.compressing import zstandard
from forebay.landing.content import Content
from forebay.landing.formats.containers import CSV_ZST
from forebay.landing.formats.format import Limits
from forebay.landing.output import Output, Target


def zstd_csv(body: Incoming, content: Content, target: Target, limits: Limits) -> Output:
    """Writes one frame with a checksum: a `landing.formats.format.Format`. Raises LandingError."""
    output = target.open(CSV_ZST)
    for piece in zstandard(body.csv(max_bytes=limits.max_csv_bytes), output.write):
        content.feed(piece)
    return output
