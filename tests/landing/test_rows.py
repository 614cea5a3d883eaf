"""A stored result is read row by row, however its stream is cut, and one that cannot be read is said to be so."""

import io
import zipfile

import pytest

from forebay.landing.errors import Unreadable
from forebay.landing.rows import read_rows

CSV = b'\xef\xbb\xbfnote,amount\r\n"two\r\nlines",1\r\n'
ROWS = [["note", "amount"], ["two\r\nlines", "1"]]


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.csv", data)
    return buffer.getvalue()


@pytest.mark.parametrize("piece", [1, 7, 1000])
@pytest.mark.parametrize(("form", "stored"), [("csv", CSV), ("csv.zip", zipped(CSV))])
def test_rows_are_the_same_however_the_stream_is_cut(form: str, stored: bytes, piece: int) -> None:
    chunks = (stored[start : start + piece] for start in range(0, len(stored), piece))
    assert list(read_rows(chunks, form, len(CSV))) == ROWS


def test_an_empty_result_has_no_rows() -> None:
    assert list(read_rows(iter(()), "csv", 0)) == []


def test_other_formats_are_refused() -> None:
    with pytest.raises(Unreadable, match="orc has no rows"):
        list(read_rows(iter([b"ORC"]), "orc", 3))


def test_what_is_no_csv_is_said_without_quoting_it() -> None:
    with pytest.raises(Unreadable, match=r"^the result is no CSV that can be read$"):
        list(read_rows(iter([b"note\n\xff secret\n"]), "csv", 12))
