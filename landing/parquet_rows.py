"""Reads the rows of a stored Parquet file as texts, for whoever looks into results. Of the extra `parquet`."""

from collections.abc import Iterator
from typing import IO

import pyarrow as pa
from pyarrow import parquet

from forebay.landing.errors import Unreadable
from forebay.landing.spool import opened_spool

_ROWS = 10_000
_DAMAGED = "the stored result is damaged: it is no Parquet file that can be read"


def parquet_shape(file: IO[bytes]) -> tuple[tuple[str, ...], int]:
    """Reads all of a file, and tells the names of its columns and the number of its rows. Raises Unreadable."""
    try:
        stored = parquet.ParquetFile(file, page_checksum_verification=True)
        names = tuple(stored.schema_arrow.names)
        return names, sum(batch.num_rows for batch in stored.iter_batches(batch_size=_ROWS))
    except (pa.ArrowException, OSError, ValueError):
        raise Unreadable(_DAMAGED) from None


def parquet_rows(chunks: Iterator[bytes]) -> Iterator[list[str]]:
    """Yields the names of the columns, then each row; a NULL is an empty text. Raises Unreadable, Unavailable.

    What a Parquet file holds stands at its end, so all of it is fetched first.
    """
    with opened_spool() as spool:
        for chunk in chunks:
            spool.write(chunk)
        file = spool.rewound()
        try:
            stored = parquet.ParquetFile(file, page_checksum_verification=True)
            yield list(stored.schema_arrow.names)
            for batch in stored.iter_batches(batch_size=_ROWS):
                columns = [column.cast(pa.string()).fill_null("").to_pylist() for column in batch.columns]
                yield from map(list, zip(*columns, strict=True))
        except (pa.ArrowException, OSError, ValueError):  # bytes that are no names are a UnicodeDecodeError
            raise Unreadable(_DAMAGED) from None
