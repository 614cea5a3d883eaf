"""Turns blocks of CSV into columns of their types. Of the extra `parquet`: imported by who writes such files only.

Most blocks are converted by one call. What that refuses is read as bytes and converted column by column, which takes
times with a zone, too, and finds the row of a value that fits nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from forebay.config.result_columns import TEXT, ColumnType, Kind, Nulls
from forebay.landing.errors import Misfit, NoTable

_PLAIN = {
    Kind.TEXT: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.INTEGER: pa.int32(),
    Kind.BIGINT: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}
#: Stripe writes times without a zone, and means UTC.
_ZONELESS = pa.timestamp("us")
_NO_ZONE = r"^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?)$"
#: More than microseconds, and nothing in what is more.
_TRAILING_NOUGHTS = r"(:\d\d\.\d{6})0+(\D|$)"
_NO_TIME = r"^(\d{4}-\d\d-\d\d)$"
_HEX = r"^-?0[xX]"
_INFINITE = r"^[+-]?inf(inity)?$"


def arrow_type(column: ColumnType) -> Any:
    """Names it as Arrow does."""
    return pa.decimal128(column.digits, column.places) if column.kind is Kind.DECIMAL else _PLAIN[column.kind]


class Columns:
    """The columns of one result, fed with its blocks in their order."""

    def __init__(self, names: Sequence[str], types: Sequence[ColumnType], nulls: Nulls) -> None:
        self.schema = pa.schema([(name, arrow_type(kind)) for name, kind in zip(names, types, strict=True)])
        self.rows = 0
        self.misfits: dict[int, Misfit] = {}
        """Of each column the first value that is not of its type, by the column's place; it is text from there on."""
        self._names = list(names)
        self._types = list(types)
        self._nulls = nulls
        # An empty field that is quoted is NULL where it is no text, which one call for all columns cannot do.
        self._one_by_one = nulls is Nulls.UNQUOTED and any(kind.kind is not Kind.TEXT for kind in types)

    def table(self, block: bytes) -> Any:
        """Converts the next block. Raises NoTable."""
        table = None if self._one_by_one else self._at_once(block)
        if table is None:
            table = self._by_column(block)
            # Most often all values of a column are written alike.
            self._one_by_one = True
        self.rows += table.num_rows
        return table

    def _at_once(self, block: bytes) -> Any:
        """Converts it by one call; None where that takes a closer look."""
        read = [_ZONELESS if kind.kind is Kind.TIMESTAMP else arrow_type(kind) for kind in self._types]
        odd = self._maybe_hex(block)
        for place in odd:
            read[place] = pa.binary()
        try:
            table = self._read(block, read)
        except pa.ArrowInvalid:
            return None
        for place, kind in enumerate(self._types):
            if kind.kind is Kind.DECIMAL and not _has_room(table.column(place)):
                return None
        doubles = (table.column(place) for place, kind in enumerate(self._types) if kind.kind is Kind.DOUBLE)
        if any(pc.any(pc.is_inf(column)).as_py() for column in doubles):
            return None  # some may be numbers that are too large
        for place in odd:
            table = table.set_column(place, self._names[place], self._column(place, table.column(place)))
        return table if self.misfits else table.cast(self.schema)

    def _maybe_hex(self, block: bytes) -> list[int]:
        """Finds the columns whose values need a closer look in this block: Arrow takes `0x10` for 16."""
        if b"0x" not in block and b"0X" not in block:
            return []
        return [place for place, kind in enumerate(self._types) if kind.kind in (Kind.INTEGER, Kind.BIGINT)]

    def _by_column(self, block: bytes) -> Any:
        raw = self._read(block, [pa.binary()] * len(self._names))
        columns = [self._column(place, raw.column(place)) for place in range(len(self._names))]
        return pa.Table.from_arrays(columns, names=self._names)

    def _column(self, place: int, raw: Any) -> Any:
        kind = self._types[place]
        text = self._converted(place, raw, lambda part: part.cast(pa.string()), "text in UTF-8")
        if kind.kind is Kind.TEXT:
            return text
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        wanted = f"{kind}" if kind.kind is not Kind.TIMESTAMP else "timestamp of at most microseconds"
        try:
            return self._converted(place, text, lambda part: _typed(part, kind), wanted)
        except Misfit as misfit:
            self.misfits[place] = misfit
            self._types[place] = TEXT
            return text

    def _converted(self, place: int, column: Any, convert: Callable[[Any], Any], wanted: str) -> Any:
        try:
            return convert(column)
        except pa.ArrowInvalid:
            row = self.rows + _first_refused(column, convert) + 1
        if wanted.startswith("text"):
            raise NoTable(f"row {row} of column {self._names[place]!r} is no {wanted}")
        raise Misfit(place=place, column=self._names[place], row=row, wanted=wanted)

    def _read(self, block: bytes, types: Sequence[Any]) -> Any:
        """Reads fields in so many columns. By place, so that what a header calls them is of no matter here."""
        places = [str(place) for place in range(len(types))]
        refused: list[Any] = []

        def refuse(row: Any) -> str:
            refused.append(row)
            return "error"

        try:
            table = csv.read_csv(
                pa.BufferReader(block),
                csv.ReadOptions(column_names=places, block_size=len(block) + 1, use_threads=False),
                csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=refuse),
                csv.ConvertOptions(
                    column_types=dict(zip(places, types, strict=True)),
                    null_values=[""],
                    true_values=["true"],
                    false_values=["false"],
                    timestamp_parsers=[csv.ISO8601],
                    strings_can_be_null=self._nulls is not Nulls.NEVER,
                    quoted_strings_can_be_null=self._nulls is not Nulls.UNQUOTED,
                ),
            )
        except pa.ArrowInvalid:  # its text quotes the row
            if not refused:
                raise
            row = refused[0]
            raise NoTable(
                f"row {self.rows + row.number} has {row.actual_columns} fields, and its header {row.expected_columns}"
            ) from None
        return table.rename_columns(self._names)


def _typed(text: Any, kind: ColumnType) -> Any:
    """Converts texts. Raises ArrowInvalid if one is no such value."""
    text = pc.utf8_trim(text, " \t")
    if kind.kind is Kind.TIMESTAMP:
        text = pc.replace_substring_regex(text, _NO_TIME, r"\1 00:00:00")
        text = pc.replace_substring_regex(text, _TRAILING_NOUGHTS, r"\1\2")
        text = pc.replace_substring_regex(pc.replace_substring_regex(text, " UTC$", "Z"), _NO_ZONE, r"\1Z")
    if kind.kind is Kind.BOOLEAN:
        _demand(pc.is_in(pc.drop_null(text), pa.array(["true", "false"])))
    if kind.kind in (Kind.INTEGER, Kind.BIGINT):
        _demand(pc.invert(pc.match_substring_regex(text, _HEX)))
    typed = text.cast(arrow_type(kind))
    if kind.kind is Kind.DOUBLE:
        infinite = pc.match_substring_regex(text, _INFINITE, ignore_case=True)
        _demand(pc.equal(pc.is_inf(typed), infinite))
    return typed


def _has_room(decimals: Any) -> bool:
    """Tells whether all have no more digits than their type: what reads CSV counts those as they are written."""
    try:
        decimals.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _demand(each: Any) -> None:
    if pc.all(each).as_py() is False:
        raise pa.ArrowInvalid("not of this type")


def _first_refused(column: Any, convert: Callable[[Any], Any]) -> int:
    """Finds the first value that cannot be converted, by halves."""
    low, high = 0, len(column)  # that many convert; that many do not
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(column.slice(low, middle - low))
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low
