"""What a Parquet file is made of."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from forebay.config.result_columns import TEXT, Nulls
from forebay.landing.errors import LandingError
from forebay.landing.formats import parquet as module
from forebay.landing.formats import parquet_file
from forebay.landing.formats.parquet import parquet
from forebay.landing.output import Output
from forebay.landing.rows import read_rows
from forebay.store.errors import Unavailable
from tests.landing.formats.conftest import Store
from tests.landing.test_csv_blocks import written


def test_it_is_compressed_by_zstd_in_groups_by_size_and_says_nothing_of_when(
    stored: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(parquet_file, "GROUP_BYTES", 10_000)
    data = b"id,amount\r\n" + b"ch_1,7\r\n" * 10_000

    result, again = (stored(parquet, data, "csv", piece=piece) for piece in (997, 1 << 20))

    assert result.data == again.data
    about = pq.read_metadata(io.BytesIO(result.data))
    assert about.row_group(0).column(0).compression == "ZSTD"
    assert result.output.table is not None
    assert about.num_row_groups == result.output.table.row_groups == 8
    assert about.metadata is None
    assert (result.output.key, result.output.format) == ("batch/acct_1/fees.parquet", "parquet")


def test_a_flipped_bit_of_the_data_is_found_by_a_reader_that_looks(stored: Store):
    data = written([["id"], *([f"ch_{place}"] for place in range(1000))])
    good = stored(parquet, data, "csv").data
    bad = bytearray(good)
    bad[200] ^= 1

    with pytest.raises((OSError, pa.ArrowException)):
        pq.read_table(io.BytesIO(bytes(bad)), page_checksum_verification=True)
    with pytest.raises(LandingError, match="damaged"):
        list(read_rows(iter([bytes(bad)]), "parquet", 0))


class Sink(Output):
    """An output that keeps nothing; with `room` it is full after so many bytes."""

    def __init__(self, room: int | None = None) -> None:
        self.bytes = 0
        self.room = room

    def write(self, data: bytes) -> None:
        if self.room is not None and self.bytes + len(data) > self.room:
            raise Unavailable("no room")
        self.bytes += len(data)


def file(output: Output) -> parquet_file.ParquetFile:
    return parquet_file.ParquetFile(output, ["id", "text"], [TEXT, TEXT], Nulls.EMPTY)


def test_however_large_a_result_is_what_waits_is_one_row_group(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parquet_file, "GROUP_BYTES", 512 << 10)
    before, most = pa.total_allocated_bytes(), 0
    written_to = file(Sink())

    for _ in range(400):
        written_to.write(b"ch_1234,some words of it\n" * 2600)
        most = max(most, pa.total_allocated_bytes() - before)
    written_to.close()

    assert written_to.row_groups == 45
    assert most < 4 << 20


@pytest.mark.parametrize("room", [0, 10, 1000])
def test_what_a_store_says_is_what_is_raised(room: int):
    def write() -> None:
        filled = file(Sink(room))
        for number in range(1000):
            filled.write(b"ch_%d,x\n" % number)
        filled.close()

    with pytest.raises(Unavailable, match="no room"):
        write()
