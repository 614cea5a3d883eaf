"""Says in what a result is stored. The formats write one of these; of those that hold a CSV `rows` reads it again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from forebay.landing.compressing import gunzipped, unzstandard
from forebay.landing.zipstream import unzip


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What holds a result in the store."""

    suffix: str
    """How the object's key ends; a manifest calls the container by it (`object.format`)."""
    content_type: str
    """What the object is served as."""
    csv_in: Callable[[Iterator[bytes], int], Iterator[bytes]] | None
    """Takes the CSV, of at most so many bytes, out of the object's bytes. Raises LandingError for a damaged one.

    None where it holds rows, and no CSV.
    """


CSV = Container(suffix="csv", content_type="text/csv", csv_in=lambda chunks, _: chunks)
CSV_ZIP = Container(
    suffix="csv.zip", content_type="application/zip", csv_in=lambda chunks, most: unzip(chunks, max_bytes=most)
)
CSV_GZ = Container(suffix="csv.gz", content_type="application/gzip", csv_in=gunzipped)
PARQUET = Container(suffix="parquet", content_type="application/vnd.apache.parquet", csv_in=None)
CSV_ZST = Container(suffix="csv.zst", content_type="application/zstd", csv_in=unzstandard)

#: By what a manifest calls them.
CONTAINERS: Mapping[str, Container] = {
    container.suffix: container for container in (CSV, CSV_ZIP, CSV_GZ, CSV_ZST, PARQUET)
}
