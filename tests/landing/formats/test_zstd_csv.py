import sys

import pytest

from forebay.landing.errors import TooLarge
from forebay.landing.formats.format import Limits
from forebay.landing.formats.zstd_csv import zstd_csv
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CSV = b"id,amount\r\n" + b"ch_1,7\r\n" * 100_000


@pytest.mark.parametrize(("content_type", "delivered"), [("csv", CSV), ("zip", zipped(CSV))])
def test_a_result_of_any_kind_is_one_frame(stored: Store, content_type: str, delivered: bytes):
    result = stored(zstd_csv, delivered, content_type)

    assert zstd.decompress(result.data) == CSV
    assert zstd.get_frame_info(result.data[:18]).dictionary_id == 0
    assert (result.output.key, result.output.format) == ("batch/acct_1/fees.csv.zst", "csv.zst")
    assert result.content.records == 100_000


def test_it_becomes_the_same_bytes_whenever_it_lands(stored: Store):
    assert stored(zstd_csv, CSV, "csv", piece=997).data == stored(zstd_csv, CSV, "csv").data


@pytest.mark.parametrize(("content_type", "delivered"), [("csv", CSV), ("zip", zipped(CSV))])
def test_more_than_the_operator_allows_is_refused(stored: Store, content_type: str, delivered: bytes):
    with pytest.raises(TooLarge):
        stored(zstd_csv, delivered, content_type, limits=Limits(max_csv_bytes=len(CSV) - 1))
