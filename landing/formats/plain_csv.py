"""Stores a result as plain CSV, however large it is: format `csv`, and what `auto` does with bare CSV."""

from forebay.landing.body import Incoming
from forebay.landing.content import Content
from forebay.landing.formats.containers import CSV
from forebay.landing.formats.format import Limits
from forebay.landing.output import Output, Target


def plain_csv(body: Incoming, content: Content, target: Target, limits: Limits) -> Output:
    """Writes the CSV as it is inflated: a `landing.formats.format.Format`. Raises LandingError."""
    output = target.open(CSV, content)
    for piece in body.csv(max_bytes=limits.max_csv_bytes):
        content.feed(piece)
        output.write(piece)
    return output
