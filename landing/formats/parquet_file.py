"""Writes a Parquet file to an output as its blocks come. Of the extra `parquet`.

The same blocks make the same bytes, in one release of pyarrow: nothing in the file tells when or where it was made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from forebay.config.result_columns import ColumnType, Nulls
from forebay.landing.errors import Misfit
from forebay.landing.formats.parquet_columns import Columns
from forebay.landing.output import Output

#: Of CSV in each row group, which is about 20 MB of file: what one reader takes at once, and what waits in memory here.
GROUP_BYTES = 64 << 20


class ParquetFile:
    """A file being written: `write` it block by block, then `close` it."""

    def __init__(self, output: Output, names: Sequence[str], types: Sequence[ColumnType], nulls: Nulls) -> None:
        self._columns = Columns(names, types, nulls)
        self._sink = _OutputFile(output)
        self._writer = parquet.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"),
            self._columns.schema,
            compression="zstd",
            # A reader finds a flipped bit by it.
            write_page_checksum=True,
            # Parquet's own types say all: nothing of Arrow is needed to read it.
            store_schema=False,
        )
        self._waiting: list[Any] = []
        self._waiting_bytes = 0
        self.row_groups = 0

    @property
    def rows(self) -> int:
        """Counts the rows so far."""
        return self._columns.rows

    @property
    def misfits(self) -> Mapping[int, Misfit]:
        """Tells of the columns that cannot be of their types, by their places."""
        return self._columns.misfits

    def write(self, block: bytes) -> None:
        """Appends whole records; none once there are misfits: it will be another file. Raises NoTable, StoreError."""
        table = self._columns.table(block)
        if self.misfits:
            self._waiting.clear()
            return
        self._waiting.append(table)
        self._waiting_bytes += len(block)
        if self._waiting_bytes >= GROUP_BYTES:
            self._write_group()

    def close(self) -> None:
        """Ends the file. Raises StoreError."""
        self._write_group()
        self._writer.close()
        # Or pyarrow keeps what a landing took, in a worker whose next results may be CSV.
        pa.default_memory_pool().release_unused()

    def give_up(self) -> None:
        """Lets go of it: whatever pyarrow would write yet, when it is collected, goes nowhere."""
        self._waiting.clear()
        self._sink.dead = True

    def _write_group(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
            self.row_groups += 1


class _OutputFile:
    """An output as a file for pyarrow."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.dead = False
        self.closed = False

    def write(self, data: bytes) -> int:
        if not self.dead:
            self._output.write(bytes(data))
        return len(data)

    def tell(self) -> int:
        return self._output.bytes

    def flush(self) -> None:
        """Does nothing: the output is whole when it is committed."""

    def close(self) -> None:
        self.closed = True
