"""Stores a result as a zip, however small it is: format `zip`.

That is the zip that Stripe made, byte for byte, since each query is sent with the wish for compression. Should Stripe
answer with bare CSV all the same, it is zipped here: the run cost its slot already, and whoever asked for a zip reads
zips.
"""

import io
import zipfile

from forebay.landing.body import Incoming
from forebay.landing.content import Content
from forebay.landing.formats.containers import CSV_ZIP
from forebay.landing.formats.format import Limits
from forebay.landing.output import Output, Target, copied
from forebay.landing.zipstream import unzip


def stripe_zip(body: Incoming, content: Content, target: Target, limits: Limits) -> Output:
    """Writes the zip while it is inflated at the side: a `landing.formats.format.Format`. Raises LandingError."""
    output = target.open(CSV_ZIP, body if body.is_zip else None)
    if body.is_zip:
        for piece in unzip(copied(body.chunks(), output.write), max_bytes=limits.max_csv_bytes):
            content.feed(piece)
    else:
        # Of no date, so that the same result lands as the same bytes.
        member = zipfile.ZipInfo(f"{target.name}.csv")
        member.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(_Sink(output), "w") as archive, archive.open(member, "w", force_zip64=True) as file:
            for piece in body.csv(max_bytes=limits.max_csv_bytes):
                content.feed(piece)
                file.write(piece)
    return output


class _Sink(io.RawIOBase):
    """An output as a file that cannot seek: then a zip's checksums and sizes follow its data."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._output.write(bytes(data))
        return len(data)
