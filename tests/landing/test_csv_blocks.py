import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.csv_blocks import blocks, header_and_rest
from forebay.landing.errors import NoTable

FIELDS = st.text(st.sampled_from('ab", \r\n\x00é'), max_size=12)
TABLES = st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=40)


def written(rows: list[list[str]], end: str = "\n", quoting: int = csv.QUOTE_ALL) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


def cut(data: bytes, size: int, piece: int, most: int = 1 << 20) -> list[bytes]:
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    return list(blocks(pieces, block_bytes=size, most_bytes=most))


@given(rows=TABLES, end=st.sampled_from(["\n", "\r\n"]), size=st.integers(1, 200), piece=st.integers(1, 50))
def test_each_block_holds_whole_records_and_all_of_them_are_the_csv(
    rows: list[list[str]], end: str, size: int, piece: int
):
    data = written(rows, end)

    made = cut(data, size, piece)

    assert b"".join(made) == data
    read = [row for block in made for row in csv.reader(io.StringIO(block.decode(), newline=""), strict=True)]
    assert read == rows
    assert all(block.endswith(b"\n") for block in made)


@given(rows=TABLES, size=st.integers(1, 200), one=st.integers(1, 50), other=st.integers(1, 5000))
def test_how_the_network_cut_it_is_of_no_matter(rows: list[list[str]], size: int, one: int, other: int):
    assert cut(written(rows), size, one) == cut(written(rows), size, other)


def test_a_block_is_as_large_as_it_may_be():
    assert cut(b"aa\nbb\ncc\ndd\n", 7, 5) == [b"aa\nbb\n", b"cc\ndd\n"]


def test_a_record_that_is_larger_than_a_block_is_in_one_all_the_same():
    large = b'"' + b"x\n" * 100_000 + b'",2\n'

    assert cut(b"a,b\n" + large + b"1,2\n", 70_000, 9_999) == [b"a,b\n", large + b"1,2\n"]


def test_a_record_without_end_is_refused_when_it_is_too_large():
    with pytest.raises(NoTable, match="longer than 1 MiB, or its quotes do not pair up"):
        cut(b'a\n"' + b"x\n" * (1 << 20), 1 << 16, 1 << 16)


@pytest.mark.parametrize(
    ("block", "names", "rest"),
    [
        (b"id,amount\nch_1,7\n", ("id", "amount"), b"ch_1,7\n"),
        (b'\xef\xbb\xbf"id","a ""b""\nc"\r\nch_1,7\r\n', ("id", 'a "b"\nc'), b"ch_1,7\r\n"),
        (b"id,id", ("id", "id"), b""),
        (b'"",\n', ("", ""), b""),
    ],
)
def test_the_header_names_the_columns(block: bytes, names: tuple[str, ...], rest: bytes):
    assert header_and_rest(block) == (names, rest)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (b"", "no header"),
        (b"\n1\n", "no header"),
        (b"a\rb\r", "a carriage return stands alone"),
        (b"a,\xff\n", "no line of CSV in UTF-8"),
        (b'a,"b\n', "no line of CSV in UTF-8"),
    ],
)
def test_what_names_no_columns_is_refused(block: bytes, words: str):
    with pytest.raises(NoTable, match=words):
        header_and_rest(block)
