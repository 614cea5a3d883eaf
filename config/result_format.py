"""Names the formats in which results are stored: what a spec, a setting or a command may ask for.

`landing/formats/` has one file for each. A new one is a file there, a line in its `registry.py`, a `Container` in its
`containers.py` if it stores in something new, and its name here, where spec and settings can refuse what is none.
"""

from enum import StrEnum


class ResultFormat(StrEnum):
    """How results are stored."""

    AUTO = "auto"  # a small one as plain CSV, a large one as the zip that Stripe made
    CSV = "csv"  # plain CSV, however large
    ZIP = "zip"  # the zip that Stripe made, however small
    GZIP = "csv.gz"  # gzip, of the compressed bytes that Stripe made
    ZSTD = "csv.zst"  # Zstandard
    PARQUET = "parquet"  # typed columns, compressed; needs the extra of that name
