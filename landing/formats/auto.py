"""Format `auto`: a small result lands as plain CSV, a large one as the very zip that Stripe made.

How large a CSV is shows only when it has been inflated. So the zip is inflated as it arrives, which its checksum
and the count of records need anyway, and kept in a spool meanwhile. When the CSV passes the limit, the spool and
then the rest go out as they are, while inflating goes on at the side; if the end comes first, the spool is inflated
once more.
"""

import shutil
from collections.abc import Iterator
from typing import IO

from forebay.landing.body import Body
from forebay.landing.content import Content
from forebay.landing.errors import TooLarge, TransferBroken, UnknownResult
from forebay.landing.formats.format import Limits
from forebay.landing.output import Output, Target
from forebay.landing.zipstream import unzip

READ_BYTES = 256 << 10


def auto(body: Body, content: Content, target: Target, limits: Limits) -> Output:
    """A `landing.formats.interface.Format`. Raises LandingError."""
    if body.content_type == "zip":
        return _from_zip(body, content, target, limits)
    if body.content_type == "csv":
        return _from_csv(body, content, target, limits)
    raise UnknownResult(f"the result has content type {body.content_type!r}; known are csv and zip")


def _from_zip(body: Body, content: Content, target: Target, limits: Limits) -> Output:
    spool = target.spool()
    output: Output | None = None

    def zipped() -> Iterator[bytes]:
        for chunk in body.chunks():
            (output or spool).write(chunk)
            yield chunk

    for piece in unzip(zipped(), max_bytes=limits.max_csv_bytes):
        content.feed(piece)
        if output is None and content.bytes > limits.large_csv_bytes:
            output = _open_zip(spool, target)
    return output or _inflated(spool, content, target, limits)


def _open_zip(spool: IO[bytes], target: Target) -> Output:
    output = target.open("csv.zip", content_type="application/zip")
    spool.seek(0)
    shutil.copyfileobj(spool, output, READ_BYTES)
    spool.truncate(0)  # rather than hold megabytes that are elsewhere now
    return output


def _inflated(spool: IO[bytes], content: Content, target: Target, limits: Limits) -> Output:
    output = target.open("csv", content_type="text/csv")
    spool.seek(0)
    for piece in unzip(iter(lambda: spool.read(READ_BYTES), b""), max_bytes=limits.max_csv_bytes):
        output.write(piece)
    if output.sha256 != content.sha256:
        raise TransferBroken("the spooled result changed between two readings; is the temporary disk sound?")
    return output


def _from_csv(body: Body, content: Content, target: Target, limits: Limits) -> Output:
    """A result that came without compression; nothing in it proves that it is whole, only its promised size does."""
    output = target.open("csv", content_type="text/csv")
    for chunk in body.chunks():
        content.feed(chunk)
        if content.bytes > limits.max_csv_bytes:
            raise TooLarge(f"the result has more than {limits.max_csv_bytes} bytes")
        output.write(chunk)
    return output
