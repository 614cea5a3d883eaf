"""Sums of a column are exact, however a stream is cut into pieces and whatever its other columns hold."""

import csv
import io
import zipfile
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.errors import Unreadable
from forebay.scheduler.closing.sums import number, sums

WIDE = Context(prec=100)
#: Whole numbers of 10^-6, so that integers say what their sum is.
MICROS = st.none() | st.integers(-(10**36), 10**36)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def written(rows: list[tuple[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["note", "amount"])
    writer.writerows(rows)
    return text.getvalue().encode()


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.csv", data)
    return buffer.getvalue()


def cut(data: bytes, piece: int) -> Iterator[bytes]:
    return (data[start : start + piece] for start in range(0, len(data), piece))


def sum_of(data: bytes, *, form: str = "csv", csv_bytes: int | None = None, **more: Any) -> Decimal:
    options: dict[str, Any] = {"columns": ["amount"], "keep": lambda: None, **more}
    return sums(cut(data, 7), form, len(data) if csv_bytes is None else csv_bytes, **options)["amount"]


@given(st.lists(st.tuples(WORDS, MICROS), max_size=20), st.integers(1, 40), st.booleans())
def test_a_sum_is_exact(rows: list[tuple[str, int | None]], piece: int, packed: bool) -> None:
    """Whatever stands in the other column (commas, quotes, line ends), and wherever the stream is cut."""
    data = written([(note, "" if micros is None else f"{Decimal(micros).scaleb(-6, WIDE):f}") for note, micros in rows])
    stored, form = (zipped(data), "csv.zip") if packed else (data, "csv")
    totals = sums(cut(stored, piece), form, len(data), ["amount"], lambda: None)
    assert totals["amount"].scaleb(6, WIDE) == sum(micros or 0 for _, micros in rows)


def test_a_blank_is_null_and_counts_as_nothing() -> None:
    assert sum_of(b"note,amount\na,\nb,1.50\nc,\n") == Decimal("1.5")
    assert sum_of(b"note,amount\na,\n") == 0


def test_a_short_record_has_blanks() -> None:
    assert sum_of(b"note,amount\na\nb,2\n") == 2


def test_a_quoted_line_end_ends_no_record() -> None:
    assert sum_of(b'note,amount\n"two\r\nlines, and 9",1\n"a ""quote""\n",2\n') == 3


@pytest.mark.parametrize("text", ["1e3", "-0.10", "+2", " 3 "])
def test_numbers_are_read_as_engines_write_them(text: str) -> None:
    assert number(text, "it") == Decimal(text.strip())


@pytest.mark.parametrize("text", ["abc", "1_000", "NaN", "Infinity", "-inf", "1,5", "0x10", "12 EUR"])
def test_what_is_no_number_is_said_without_quoting_it(text: str) -> None:
    with pytest.raises(Unreadable, match=r"^column amount of record 1 is no number$"):
        sum_of(written([("", text)]))


def test_sums_that_no_decimal_holds_exactly_are_refused_instead_of_rounded() -> None:
    with pytest.raises(Unreadable, match="more digits"):
        sum_of(b"note,amount\na,1e300\nb,1e-300\n")


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(Unreadable, match="no column amount"):
        sum_of(b"note,total\na,1\n")
    with pytest.raises(Unreadable, match="no column amount"):
        sum_of(b"")


@pytest.mark.parametrize("data", [b'note,amount\na,"1\n', b'note,amount\na,"1"x\n', b"note,amount\n\xff,1\n"])
def test_a_broken_csv_is_said_without_quoting_it(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^the result is no CSV that can be read$"):
        sum_of(data)


def test_a_damaged_zip_gives_no_sum() -> None:
    data = written([("a", "1")])
    stored = bytearray(zipped(data))
    with pytest.raises(Unreadable, match="damaged"):
        sum_of(bytes(stored[:-10]), form="csv.zip", csv_bytes=len(data))


def test_a_zip_that_holds_more_than_was_landed_gives_no_sum() -> None:
    data = written([("a", "1")] * 50)
    with pytest.raises(Unreadable, match="damaged"):
        sum_of(zipped(data), form="csv.zip", csv_bytes=10)


def test_a_long_sum_keeps_the_batch() -> None:
    kept: list[int] = []
    sum_of(written([("a", "1")] * 12_000), keep=lambda: kept.append(1))
    assert len(kept) == 2
