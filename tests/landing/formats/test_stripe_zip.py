import io
import zipfile
from pathlib import Path

import pytest

from forebay.landing.errors import CorruptZip, TooLarge, UnknownResult
from forebay.landing.formats.format import Limits
from forebay.landing.formats.stripe_zip import stripe_zip
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store

CSV = b"id,amount\r\n" + b"ch_1,7\r\n" * 1000


def test_a_result_of_any_size_is_the_zip_that_stripe_made(stored: Store):
    delivered = zipped(CSV)

    result = stored(stripe_zip, delivered, "zip")

    assert result.data == delivered
    assert (result.output.key, result.output.format) == ("batch/acct_1/fees.csv.zip", "csv.zip")


def test_bare_csv_is_zipped_here(stored: Store):
    result = stored(stripe_zip, CSV, "csv")

    with zipfile.ZipFile(io.BytesIO(result.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["fees.csv"]
        assert archive.read("fees.csv") == CSV
    assert len(result.data) < len(CSV) / 10
    assert result.content.records == 1000


def test_bare_csv_is_zipped_to_the_same_bytes_whenever_it_lands(stored: Store):
    assert stored(stripe_zip, CSV, "csv", piece=10).data == stored(stripe_zip, CSV, "csv", piece=10).data


@pytest.mark.parametrize(("content_type", "delivered"), [("csv", CSV), ("zip", zipped(CSV))])
def test_more_than_the_operator_allows_is_refused_and_leaves_nothing(
    stored: Store, tmp_path: Path, content_type: str, delivered: bytes
):
    with pytest.raises(TooLarge):
        stored(stripe_zip, delivered, content_type, limits=Limits(max_csv_bytes=len(CSV) - 1), piece=100)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_zip_is_refused(stored: Store):
    delivered = bytearray(zipped(CSV))
    delivered[20] ^= 1

    with pytest.raises(CorruptZip):
        stored(stripe_zip, bytes(delivered), "zip")


def test_what_is_neither_csv_nor_zip_is_refused(stored: Store):
    with pytest.raises(UnknownResult, match="'parquet'; known are csv and zip"):
        stored(stripe_zip, CSV, "parquet")
