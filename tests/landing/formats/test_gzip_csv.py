import gzip
import zipfile
import zlib

import pytest

from forebay.landing.errors import CorruptZip, TooLarge, UnknownResult
from forebay.landing.formats.format import Limits
from forebay.landing.formats.gzip_csv import gzip_csv
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store

CSV = b"id,amount\r\n" + b"ch_1,7\r\n" * 100_000


def test_the_compressed_bytes_of_the_zip_are_those_of_the_gzip_file(stored: Store):
    delivered = zipped(CSV)

    result = stored(gzip_csv, delivered, "zip", piece=1000)

    assert result.data[10:-8] in delivered
    assert zlib.decompress(result.data[10:-8], -zlib.MAX_WBITS) == CSV
    assert gzip.decompress(result.data) == CSV
    assert (result.output.key, result.output.format) == ("batch/acct_1/fees.csv.gz", "csv.gz")


@pytest.mark.parametrize("csv", [b"", b"id\n", CSV], ids=["nothing", "a header", "many"])
@pytest.mark.parametrize("content_type", ["csv", "zip", "stored"])
def test_a_result_of_any_kind_is_gzip_of_it(stored: Store, content_type: str, csv: bytes):
    method = zipfile.ZIP_STORED if content_type == "stored" else zipfile.ZIP_DEFLATED
    delivered = csv if content_type == "csv" else zipped(csv, method=method)

    result = stored(gzip_csv, delivered, "csv" if content_type == "csv" else "zip")

    assert gzip.decompress(result.data) == csv
    assert len(result.data) < 100 + len(csv) / 10


def test_a_folder_beside_the_file_adds_nothing(stored: Store, tmp_path):
    path = tmp_path / "with_folder.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("data")
        archive.writestr("data/result.csv", CSV)

    assert gzip.decompress(stored(gzip_csv, path.read_bytes(), "zip").data) == CSV


@pytest.mark.parametrize("content_type", ["csv", "stored"])
def test_what_is_compressed_here_becomes_the_same_bytes_whenever_it_lands(stored: Store, content_type: str):
    delivered = CSV if content_type == "csv" else zipped(CSV, method=zipfile.ZIP_STORED)
    kind = "csv" if content_type == "csv" else "zip"

    assert stored(gzip_csv, delivered, kind, piece=997).data == stored(gzip_csv, delivered, kind).data


@pytest.mark.parametrize(("content_type", "delivered"), [("csv", CSV), ("zip", zipped(CSV))])
def test_more_than_the_operator_allows_is_refused(stored: Store, content_type: str, delivered: bytes):
    with pytest.raises(TooLarge):
        stored(gzip_csv, delivered, content_type, limits=Limits(max_csv_bytes=len(CSV) - 1))


def test_a_damaged_zip_is_refused(stored: Store):
    delivered = bytearray(zipped(CSV))
    delivered[len(delivered) // 2] ^= 1

    with pytest.raises(CorruptZip):
        stored(gzip_csv, bytes(delivered), "zip")


def test_what_is_neither_csv_nor_zip_is_refused(stored: Store):
    with pytest.raises(UnknownResult, match="'parquet'; known are csv and zip"):
        stored(gzip_csv, CSV, "parquet")
