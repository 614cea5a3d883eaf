"""What a Parquet file is made of."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from forebay.landing.errors import LandingError
from forebay.landing.formats import parquet as module
from forebay.landing.formats import parquet_file
from forebay.landing.formats.parquet import parquet
from forebay.landing.rows import read_rows
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
