"""What pandas and polars read is what was sent: decimals to the last digit, times in UTC, NULL and empty told apart."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.landing.formats.column_rules import ColumnRules
from forebay.landing.formats.registry import format_named
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store
from tests.landing.formats.parquet_reading import ANY_NUMBER_OF_STORES, named
from tests.landing.test_csv_blocks import written

LARGEST = "123456789012345678901234567890123456.78"
#: Each value beside what it has to be for whoever reads it; a double would lose most of the first three.
ROW = {
    "id": ("007", "text", "007"),
    "large": ("9007199254740993", "bigint", 9_007_199_254_740_993),
    "amount": (LARGEST, "decimal(38,2)", Decimal(LARGEST)),
    "fee": ("-0.1", "decimal(38,2)", Decimal("-0.10")),
    "small": ("-2147483648", "integer", -(2**31)),
    "paid": ("true", "boolean", True),
    "rate": ("0.1", "double", 0.1),
    "day": ("2026-02-28", "date", date(2026, 2, 28)),
    "created": ("2026-01-31 23:59:59.123456", "timestamp", datetime(2026, 1, 31, 23, 59, 59, 123456, UTC)),
    "told": ("2026-01-31T23:59:59+02:00", "timestamp", datetime(2026, 1, 31, 21, 59, 59, tzinfo=UTC)),
    "note": ('two\r\nlines, "quoted" é\x00', "text", 'two\r\nlines, "quoted" é\x00'),
}  # fmt: skip
TYPES = ColumnRules(named=named(**{name: kind for name, (_, kind, _) in ROW.items()}).named)
CSV = written([list(ROW), [text for text, _, _ in ROW.values()], [""] * len(ROW)])
#: An empty field that is quoted, and one that is not.
EMPTIES = b'text,n\n"",""\n,\nx,1\n'
#: What an empty text is, quoted and bare, by the rule; of another type it is NULL in any case.
READ_AS = {Nulls.EMPTY: [None, None, "x"], Nulls.UNQUOTED: ["", None, "x"], Nulls.NEVER: ["", "", "x"]}
#: A carriage return outside of quotes ends a record for both.
FIELDS = st.text(st.sampled_from('ab", \né0'), max_size=9)


def written_to(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def typed(stored: Store, tmp_path: Path) -> Path:
    result = stored(format_named(ResultFormat.PARQUET), zipped(CSV), "zip", columns=TYPES)
    return written_to(tmp_path / "fees.parquet", result.data)


@pytest.mark.parametrize("name", ROW)
def test_pandas_reads_each_type_exactly(frames: Any, typed: Path, name: str) -> None:
    value, null = frames.read_parquet(typed, dtype_backend="pyarrow")[name]

    assert (value.to_pydatetime() if isinstance(value, frames.Timestamp) else value) == ROW[name][2]
    assert null is frames.NA


def test_pandas_without_arrows_types_keeps_amounts_and_zones(frames: Any, typed: Path) -> None:
    read = frames.read_parquet(typed)

    assert [read[name][0] for name in ("amount", "fee")] == [ROW["amount"][2], ROW["fee"][2]]
    assert [str(read[name].dtype) for name in ("created", "told")] == ["datetime64[us, UTC]"] * 2


@pytest.mark.parametrize("name", ROW)
def test_polars_reads_each_type_exactly(polars: Any, typed: Path, name: str) -> None:
    value, null = polars.read_parquet(typed)[name].to_list()

    assert value == ROW[name][2]
    assert type(value) is type(ROW[name][2])
    assert null is None


def test_polars_calls_the_types_by_their_names(polars: Any, typed: Path) -> None:
    read = polars.read_parquet(typed).schema

    assert read == {
        "id": polars.String(),
        "large": polars.Int64(),
        "amount": polars.Decimal(38, 2),
        "fee": polars.Decimal(38, 2),
        "small": polars.Int32(),
        "paid": polars.Boolean(),
        "rate": polars.Float64(),
        "day": polars.Date(),
        "created": polars.Datetime("us", "UTC"),
        "told": polars.Datetime("us", "UTC"),
        "note": polars.String(),
    }


@pytest.mark.parametrize("nulls", Nulls)
def test_both_tell_null_from_empty_as_the_rule_says(
    frames: Any, polars: Any, stored: Store, tmp_path: Path, nulls: Nulls
) -> None:
    rules = ColumnRules(named=named(n="bigint").named, nulls=nulls)
    result = stored(format_named(ResultFormat.PARQUET), EMPTIES, "csv", columns=rules)
    path = written_to(tmp_path / "fees.parquet", result.data)

    by_pandas, by_polars = frames.read_parquet(path, dtype_backend="pyarrow"), polars.read_parquet(path)

    assert by_polars["text"].to_list() == READ_AS[nulls]
    assert [None if text is frames.NA else text for text in by_pandas["text"]] == READ_AS[nulls]
    assert by_polars["n"].to_list() == [None, None, 1]
    assert [number is frames.NA for number in by_pandas["n"]] == [True, True, False]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", [ResultFormat.CSV, ResultFormat.ZIP, ResultFormat.GZIP, ResultFormat.ZSTD])
@settings(ANY_NUMBER_OF_STORES, max_examples=30)
@given(sent=st.lists(st.tuples(FIELDS, FIELDS), max_size=9), end=st.sampled_from(["\n", "\r\n"]))
def test_both_read_the_csv_that_was_sent_in_each_container(
    frames: Any, polars: Any, stored: Store, tmp_path: Path, name: ResultFormat, bom: bytes, sent: list[Any], end: str
) -> None:
    csv = bom + written([["a", "b"], *map(list, sent)], end)
    result = stored(format_named(name), zipped(csv), "zip", piece=99)
    path = written_to(tmp_path / f"fees.{result.output.format}", result.data)

    read = frames.read_csv(path, dtype=str, keep_default_na=False)
    assert [tuple(row) for row in read.itertuples(index=False)] == sent
    assert list(read.columns) == ["a", "b"]
    if name is not ResultFormat.ZIP:  # which polars does not read
        by_polars = polars.read_csv(path, infer_schema=False)
        assert by_polars.rows() == sent
        assert by_polars.columns == ["a", "b"]
