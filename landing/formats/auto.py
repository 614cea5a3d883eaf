"""Stores a small result as plain CSV, a large one as the very zip that Stripe made: format `auto`.

How large a CSV is shows only when it has been inflated. So the zip is inflated as it arrives, which its checksum
and the count of records need anyway, and kept in a spool meanwhile. When the CSV passes the limit, the spool and
then the rest go out as they are, while inflating goes on at the side; if the end comes first, the spool is inflated
once more.
"""

from forebay.landing.body import Incoming
from forebay.landing.content import Content
from forebay.landing.errors import TransferBroken
from forebay.landing.formats.containers import CSV, CSV_ZIP
from forebay.landing.formats.format import Limits
from forebay.landing.formats.plain_csv import plain_csv
from forebay.landing.output import Output, Target, copied
from forebay.landing.spool import Spool
from forebay.landing.zipstream import unzip


def auto(body: Incoming, content: Content, target: Target, limits: Limits) -> Output:
    """Writes what the size asks for: a `landing.formats.format.Format`. Raises LandingError."""
    if not body.is_zip:
        return plain_csv(body, content, target, limits)
    spool = target.spool()
    output: Output | None = None
    zipped = copied(body.chunks(), lambda chunk: (output or spool).write(chunk))
    for piece in unzip(zipped, max_bytes=limits.max_csv_bytes):
        content.feed(piece)
        if output is None and content.bytes > limits.large_csv_bytes:
            output = _open_zip(spool, target, body)
    return output or _inflated(spool, content, target, limits)


def _open_zip(spool: Spool, target: Target, body: Incoming) -> Output:
    output = target.open(CSV_ZIP, body)
    for chunk in spool.chunks():
        output.write(chunk)
    spool.empty()
    return output


def _inflated(spool: Spool, content: Content, target: Target, limits: Limits) -> Output:
    output = target.open(CSV)
    for piece in unzip(spool.chunks(), max_bytes=limits.max_csv_bytes):
        output.write(piece)
    if output.sha256 != content.sha256:
        raise TransferBroken("the spooled result changed between two readings; is the temporary disk sound?")
    return output
