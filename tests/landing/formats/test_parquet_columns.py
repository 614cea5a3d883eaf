"""Values have their types, and what does not fit is told."""

import csv
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.result_columns import Nulls, told_type
from forebay.landing.errors import NoTable
from forebay.landing.formats import parquet as module
from forebay.landing.formats.column_rules import ColumnRules
from forebay.landing.formats.parquet import parquet
from tests.landing.formats.conftest import Store
from tests.landing.formats.parquet_reading import ANY_NUMBER_OF_STORES, TYPES, by_duckdb, named, rows, table
from tests.landing.test_csv_blocks import written

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - as Stripe writes them


VALUES = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "i": st.none() | st.integers(-(2**31), 2**31 - 1),
        "d": st.none() | st.decimals(-(10**36) + 1, 10**36 - 1, places=2),
        "b": st.none() | st.booleans(),
        "x": st.none() | st.floats(allow_nan=False),
        "on": st.none() | st.dates(date(1900, 1, 1)),
        "at": st.none() | MOMENTS,
    }
)


def as_csv(value: Any, zone: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return "Infinity" if value == math.inf else "-Infinity" if value == -math.inf else repr(value)
        case datetime():
            return value.isoformat(sep=" ") + zone
    return str(value)


@ANY_NUMBER_OF_STORES
@given(
    sent=st.lists(VALUES, max_size=20),
    zone=st.sampled_from(["", "Z", " UTC", "+00:00"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    block=st.integers(1, 300),
    nulls=st.sampled_from(Nulls),
)
def test_values_are_read_back_as_they_were_sent(
    stored: Store,
    tmp_path_factory: pytest.TempPathFactory,
    sent: list[dict[str, Any]],
    zone: str,
    quoting: int,
    block: int,
    nulls: Nulls,
):
    data = written(
        [list(TYPES), *([as_csv(value, zone) for value in (row[name] for name in TYPES)] for row in sent)],
        quoting=quoting,
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block)
        result = stored(parquet, data, "csv", columns=ColumnRules(named=named(**TYPES).named, nulls=nulls))

    wanted = [[_in_utc(value) for value in (row[name] for name in TYPES)] for row in sent]
    assert rows(result) == wanted
    assert [list(row) for row in by_duckdb(result, tmp_path_factory.getbasetemp())] == wanted


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def test_types_are_stored_as_parquet_has_them(stored: Store):
    result = stored(parquet, ",".join([*TYPES, "t"]).encode() + b"\n", "csv", columns=named(**TYPES))

    assert [str(kind) for kind in table(result).schema.types] == [
        "int64", "int32", "decimal128(38, 2)", "bool", "double", "date32[day]", "timestamp[us, tz=UTC]", "string",
    ]  # fmt: skip
    assert result.output.table is not None
    assert [column.type for column in result.output.table.columns] == [*TYPES.values(), "text"]
    assert (result.output.table.row_groups, table(result).num_rows) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", "9223372036854775808"),
        ("bigint", "7.0"),
        ("bigint", "1e3"),
        ("bigint", "0x10"),
        ("integer", "-0X1f"),
        ("integer", "2147483648"),
        ("decimal(38,2)", "0.001"),
        ("decimal(4,2)", "100"),
        ("decimal(38,2)", "NaN"),
        ("boolean", "1"),
        ("boolean", "TRUE"),
        ("double", "1E400"),
        ("double", "seven"),
        ("date", "2026-02-30"),
        ("date", "2026-01-01 00:00:00.000"),
        ("timestamp", "2026-01-01 00:00:00.123456789"),
        ("timestamp", "1767225600"),
        ("timestamp", "yesterday"),
    ],
)
@pytest.mark.parametrize("nulls", Nulls)
def test_a_value_that_does_not_fit_is_told_by_row_and_column_and_never_itself(
    stored: Store, kind: str, value: str, nulls: Nulls
):
    good = {"boolean": "true", "date": "2026-01-01", "timestamp": "2026-01-01 00:00:00.000"}.get(kind, "1")
    data = written([["id", "v"], *([str(place), good] for place in range(700)), ["700", value], ["701", value]])

    with pytest.raises(NoTable, match=r"^the result cannot be a table: row 701 of column 'v' is no ") as error:
        stored(parquet, data, "csv", columns=ColumnRules(named=named(v=kind).named, nulls=nulls))

    assert value not in str(error.value).replace("701", "").replace(kind, "")


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-02 03:04:05.678",
        "2026-01-02 03:04:05.678000000",
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05.678000000Z",
        "2026-01-02 03:04:05.678000000 UTC",
        "2026-01-02 03:04:05.678+00:00",
        "2026-01-02 04:04:05.678000000+01:00",
    ],
)
@pytest.mark.parametrize("nulls", Nulls)
def test_one_moment_is_stored_alike_however_it_is_written(stored: Store, moment: str, nulls: Nulls):
    """Nine digits of a second are cut where the last three are none."""
    result = stored(
        parquet,
        written([["at"], [moment], ["2026-01-01 00:00:00"]]),
        "csv",
        columns=ColumnRules(named=named(at="timestamp").named, nulls=nulls),
    )

    assert rows(result) == [[datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)], [datetime(2026, 1, 1, tzinfo=UTC)]]


@pytest.mark.parametrize("nulls", Nulls)
def test_numbers_beside_a_text_in_hex_are_numbers(stored: Store, nulls: Nulls):
    """A number in hex is looked for where the block has something that looks like one."""
    rules = ColumnRules(named=named(n="bigint", d="decimal(9,2)", i="integer").named, nulls=nulls)
    assert rows(stored(parquet, b"n,t,d,i\n7,0x10,1.50,\n,0XFF,,-3\n", "csv", columns=rules)) == [
        [7, "0x10", Decimal("1.50"), None],
        [None, "0XFF", None, -3],
    ]


def test_empty_fields_are_nulls_as_was_asked(stored: Store):
    data = b'id,t,n\n1,,\n2,"",""\n3,x,7\n'

    def read(nulls: Nulls) -> list[list[Any]]:
        return rows(stored(parquet, data, "csv", columns=ColumnRules(named=named(n="bigint").named, nulls=nulls)))

    assert read(Nulls.EMPTY) == [["1", None, None], ["2", None, None], ["3", "x", 7]]
    assert read(Nulls.UNQUOTED) == [["1", None, None], ["2", "", None], ["3", "x", 7]]
    assert read(Nulls.NEVER) == [["1", "", None], ["2", "", None], ["3", "x", 7]]


def test_what_stripe_tells_counts_where_it_names_these_columns_and_the_spec_goes_before(stored: Store):
    told = (("id", told_type("bigint")), ("x", told_type("decimal")), ("at", told_type("datetime")))
    known = {"id": told_type("double"), "x": told_type("boolean"), "at": told_type("date")}

    def types(data: bytes, rules: ColumnRules) -> list[str]:
        return [str(kind) for kind in table(stored(parquet, data, "csv", columns=rules)).schema.types]

    assert types(b"id,x,at\n", ColumnRules(told=told, known=known)) == ["int64", "string", "timestamp[us, tz=UTC]"]
    assert types(b"id,at,x\n", ColumnRules(told=told, known=known)) == ["double", "date32[day]", "bool"]
    assert types(b"id,x,at\n", ColumnRules(told=told, named=named(x="decimal(9,2)").named)) == [
        "int64", "decimal128(9, 2)", "timestamp[us, tz=UTC]",
    ]  # fmt: skip
