"""For any CSV, however it is zipped and wherever the network cuts it: what is read back is what was sent.

Read by what was not written here. A bit that flips on the way of a zip never lands as something else, and one that
flips where a result lies is found by its manifest; of a bare CSV only its length is known before it lands.
"""

import gzip
import io
import itertools
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq
from pydantic import SecretStr

from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.landing.errors import LandingError, UnsupportedZip
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.column_rules import ColumnRules
from forebay.landing.formats.format import Limits
from forebay.landing.land import Landed, land
from forebay.landing.manifest import write_manifest
from forebay.landing.verifying.discrepancies import Discrepant
from forebay.store.local import LocalStore
from tests.landing.test_csv_blocks import written
from tests.landing.test_zipstream import made
from tests.landing.verifying.trees import found, manifest_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

URL = SecretStr("https://files.stripe.com/result")
BOM = b"\xef\xbb\xbf"
#: Each size of piece in turn, over and over.
Cuts = list[int]

FIELDS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["", '"', '""', "\n", "\r\n", "\r", "\x00", "\ufeff", "PK\x03\x04", "PK\x07\x08", "0" * 3000, 'a "b",\n' * 500]
)
WIDTHS = st.integers(1, 4)
TABLES = WIDTHS.flatmap(lambda width: st.lists(st.lists(FIELDS, min_size=width, max_size=width), max_size=12))
CUTS = st.lists(st.integers(1, 5) | st.integers(1, 2000), min_size=1, max_size=9)
#: How it is zipped; None, where it comes bare.
ZIPS = st.fixed_dictionaries(
    {
        "method": st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]),
        "level": st.integers(0, 9),
        "streamed": st.booleans(),
        "wide": st.booleans(),
    }
)
#: A CSV of more bytes than this stays a zip in format `auto`.
LIMITS = Limits(large_csv_bytes=400)


class Pieces(httpx.SyncByteStream):
    """A body as a network cuts it."""

    def __init__(self, data: bytes, cuts: Cuts) -> None:
        self._data, self._cuts = data, cuts

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        for size in itertools.cycle(self._cuts):
            if at >= len(self._data):
                return
            yield self._data[at : at + size]
            at += size


def landed(folder: Path, sent: bytes, cuts: Cuts, name: ResultFormat, content_type: str, size: int) -> Landed:
    def host(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Pieces(sent, cuts))

    with Fetcher(allowed_hosts=("files.stripe.com",), transport=httpx.MockTransport(host)) as fetcher:
        return land(
            fetcher,
            URL,
            content_type=content_type,
            size=size,
            store=LocalStore(folder),
            stem="b/fees",
            result_format=name,
            columns=ColumnRules(nulls=Nulls.NEVER),
            limits=LIMITS,
        )


def inside_zip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        (name,) = archive.namelist()
        return archive.read(name)


#: By the container: how somebody else takes the CSV out of it.
READ: dict[str, Callable[[bytes], bytes]] = {
    "csv": bytes,
    "csv.zip": inside_zip,
    "csv.gz": gzip.decompress,
    "csv.zst": zstd.decompress,
}


def table_in(data: bytes) -> list[list[str]]:
    table = pq.read_table(io.BytesIO(data), page_checksum_verification=True)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return [table.column_names, *map(list, rows)]


def as_sent(data: bytes, container: str, csv: bytes, table: list[list[str]]) -> bool:
    return table_in(data) == table if container == "parquet" else READ[container](data) == csv


@st.composite
def results(draw: st.DrawFn) -> tuple[list[list[str]], bytes]:
    """A table with a header, and it as CSV."""
    rows = draw(TABLES)
    table = [[f"c{place}" for place in range(len(rows[0]) if rows else 2)], *rows]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    csv = draw(st.sampled_from([b"", BOM])) + written(table, end)
    return table, csv if draw(st.booleans()) else csv.removesuffix(end.encode())


@pytest.mark.parametrize("name", ResultFormat)
@settings(max_examples=150)
@given(result=results(), how=st.none() | ZIPS, cuts=CUTS)
def test_what_is_read_back_is_what_was_sent(
    name: ResultFormat, result: tuple[list[list[str]], bytes], how: dict[str, Any] | None, cuts: Cuts
) -> None:
    table, csv = result
    sent = made(csv, **how) if how else csv
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        got = landed(folder, sent, cuts, name, "zip" if how else "csv", len(sent))

        assert as_sent(LocalStore(folder).get(got.key), got.format, csv, table)
        assert (got.csv_bytes, got.records) == (len(csv), len(table) - 1)
        assert got.columns == tuple(table[0])
        assert got.received_bytes == len(sent)
        assert list(LocalStore(folder).list()) == [got.key]


@pytest.mark.parametrize("name", ResultFormat)
@pytest.mark.parametrize(
    "how", [None, {}, {"method": zipfile.ZIP_STORED, "streamed": True}], ids=["bare", "zip", "stored"]
)
def test_a_field_of_ten_megabytes_is_one_as_any(tmp_path: Path, name: ResultFormat, how: dict[str, Any] | None) -> None:
    table = [["id", "text"], ["1", 'line "1",\n' * 1_000_000], ["2", "x"]]
    csv = written(table)
    sent = csv if how is None else made(csv, **how)

    got = landed(tmp_path, sent, [16_384, 1, 99_991], name, "csv" if how is None else "zip", len(sent))

    assert as_sent(LocalStore(tmp_path).get(got.key), got.format, csv, table)
    assert got.records == 2


@pytest.mark.parametrize("name", ResultFormat)
@settings(max_examples=150)
@given(result=results(), how=ZIPS, cuts=CUTS, where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_bit_that_flips_on_the_way_of_a_zip_never_lands_as_something_else(
    name: ResultFormat, result: tuple[list[list[str]], bytes], how: dict[str, Any], cuts: Cuts, where: float, bit: int
) -> None:
    table, csv = result
    sent = bytearray(made(csv, **how))
    sent[int(where * len(sent))] ^= 1 << bit
    with tempfile.TemporaryDirectory() as place:
        store = LocalStore(Path(place))
        try:
            got = landed(Path(place), bytes(sent), cuts, name, "zip", len(sent))
        except LandingError:
            assert list(store.list()) == []
        else:
            # It was one that says nothing of the content: the time of a file, a comment.
            assert as_sent(store.get(got.key), got.format, csv, table)


@pytest.mark.parametrize("name", ResultFormat)
@given(result=results(), zips=st.booleans(), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_bit_that_flips_where_a_result_lies_is_found(
    name: ResultFormat, result: tuple[list[list[str]], bytes], zips: bool, where: float, bit: int
) -> None:
    _, csv = result
    sent = made(csv) if zips else csv
    with tempfile.TemporaryDirectory() as place:
        store = LocalStore(Path(place))
        got = landed(Path(place), sent, [1000], name, "zip" if zips else "csv", len(sent))
        data = bytearray(store.get(got.key))
        assume(data)
        write_manifest(store, "b/fees", manifest_of("b/fees", csv, bytes(data), got.format))
        assert found(store) == []

        data[int(where * len(data))] ^= 1 << bit
        store.put(got.key, bytes(data))

        assert found(store) == [(Discrepant.CHANGED, got.key)]


@pytest.mark.parametrize("name", ResultFormat)
def test_a_zip_of_several_files_is_refused_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, name: ResultFormat
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "id\n1\n" * 100)
        archive.writestr("b.csv", "id\n2\n")
    sent = buffer.getvalue()

    with pytest.raises(UnsupportedZip, match=r"^the zip holds more than one file$"):
        landed(tmp_path, sent, [100], name, "zip", len(sent))

    assert list(LocalStore(tmp_path).list()) == []
