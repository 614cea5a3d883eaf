"""Finds a format by the name that a batch's record has."""

from collections.abc import Mapping
from types import MappingProxyType

from forebay.config.result_format import ResultFormat
from forebay.landing.errors import UnknownResult
from forebay.landing.formats.auto import auto
from forebay.landing.formats.format import Format
from forebay.landing.formats.gzip_csv import gzip_csv
from forebay.landing.formats.parquet import parquet
from forebay.landing.formats.plain_csv import plain_csv
from forebay.landing.formats.stripe_zip import stripe_zip
from forebay.landing.formats.zstd_csv import zstd_csv

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        ResultFormat.AUTO: auto,
        ResultFormat.CSV: plain_csv,
        ResultFormat.ZIP: stripe_zip,
        ResultFormat.GZIP: gzip_csv,
        ResultFormat.ZSTD: zstd_csv,
        ResultFormat.PARQUET: parquet,
    }
)


def format_named(name: str) -> Format:
    """Finds it. Raises UnknownResult: a newer Forebay may have accepted a batch for a format that this one has not."""
    try:
        return FORMATS[name]
    except KeyError as exc:
        raise UnknownResult(f"no format {name!r}; there is {', '.join(FORMATS)}") from exc
