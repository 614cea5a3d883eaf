import pytest

from forebay.landing.errors import TooLarge, UnknownResult
from forebay.landing.formats.format import Limits
from forebay.landing.formats.plain_csv import plain_csv
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store

CSV = b"id,amount\r\n" + b"ch_1,7\r\n" * 1000


@pytest.mark.parametrize(("content_type", "delivered"), [("csv", CSV), ("zip", zipped(CSV))])
def test_a_result_of_any_size_is_plain_csv(stored: Store, content_type: str, delivered: bytes):
    result = stored(plain_csv, delivered, content_type, limits=Limits(large_csv_bytes=1))

    assert result.data == CSV
    assert (result.output.key, result.output.format) == ("batch/acct_1/fees.csv", "csv")


@pytest.mark.parametrize(("content_type", "delivered"), [("csv", CSV), ("zip", zipped(CSV))])
def test_more_than_the_operator_allows_is_refused(stored: Store, content_type: str, delivered: bytes):
    with pytest.raises(TooLarge):
        stored(plain_csv, delivered, content_type, limits=Limits(max_csv_bytes=len(CSV) - 1))


def test_what_is_neither_csv_nor_zip_is_refused(stored: Store):
    with pytest.raises(UnknownResult, match="'parquet'; known are csv and zip"):
        stored(plain_csv, CSV, "parquet")
