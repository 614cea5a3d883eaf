import csv
import io
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from forebay.landing.csv_records import HEAD_BYTES, RecordCounter

on_a_busy_machine = settings(suppress_health_check=[HealthCheck.too_slow])
fields = st.text(st.sampled_from('ab",\n\r é'), max_size=6)
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(fields, min_size=width, max_size=width), max_size=8))


def counted(data: bytes, cuts: list[int] | None = None) -> RecordCounter:
    counter = RecordCounter()
    for start, stop in pairwise([0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]):
        counter.feed(data[start:stop])
    return counter


def written(rows: list[list[str]], quoting: int, ending: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=ending).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


@on_a_busy_machine
@given(
    rows=tables,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    ending=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    cuts=st.lists(st.integers(0, 1000), max_size=6),
)
def test_the_csv_modules_own_tables_are_counted_from_any_cuts(
    *, rows: list[list[str]], quoting: int, ending: str, bom: bool, cuts: list[int]
):
    # The stdlib leaves a lone carriage return unquoted when lines end without one; its own reader then splits there.
    assume(quoting == csv.QUOTE_ALL or ending == "\r\n" or not any("\r" in field for row in rows for field in row))
    data = b"\xef\xbb\xbf" * bom + written(rows, quoting, ending)
    counter = counted(data, cuts)
    assert counter.records == max(0, len(rows) - 1)
    assert counter.columns == (tuple(rows[0]) if rows else ())


@on_a_busy_machine
@given(rows=tables.filter(bool), cuts=st.lists(st.integers(0, 1000), max_size=6))
def test_a_missing_last_line_end_changes_nothing(rows: list[list[str]], cuts: list[int]):
    whole = written(rows, csv.QUOTE_ALL, "\n")
    assert counted(whole[:-1], cuts).records == counted(whole).records == len(rows) - 1
    assert counted(whole[:-1], cuts).columns == tuple(rows[0])


@pytest.mark.parametrize(
    ("data", "records", "columns"),
    [
        (b"", 0, ()),
        (b"id", 0, ("id",)),
        (b"id\n", 0, ("id",)),
        (b"\xef\xbb\xbfid,amount\r\n1,2\r\n", 1, ("id", "amount")),
        (b'\xef\xbb\xbf"a ""b""\nc",d\n1,2', 1, ('a "b"\nc', "d")),
        (b"id\n\n\n", 2, ("id",)),
        (b'a\n"x\ny', None, ("a",)),
    ],
)
def test_special_cases(data: bytes, records: int | None, columns: tuple[str, ...]):
    for cuts in ([], list(range(len(data)))):
        counter = counted(data, cuts)
        assert (counter.records, counter.columns) == (records, columns)


def test_a_header_without_end_is_not_kept():
    counter = RecordCounter()
    for _ in range(3):
        counter.feed(b"x" * HEAD_BYTES)
    counter.feed(b"\n1\n")
    assert counter.columns == ()
    assert counter.records == 1
