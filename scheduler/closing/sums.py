"""Sums up columns of a landed result exactly, read as a stream: what a tie-out is compared with."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation

from forebay.landing.errors import Unreadable
from forebay.landing.rows import read_rows

#: So many digits hold any sum of amounts; one that needs more (of floating point numbers far apart) is refused.
_EXACT = Context(prec=400, traps=[Inexact, InvalidOperation])
_KEEP_EVERY_ROWS = 5_000


def sums(
    chunks: Iterator[bytes], container_name: str, csv_bytes: int, columns: Sequence[str], keep: Callable[[], None]
) -> dict[str, Decimal]:
    """Sums up each of these columns; a blank is NULL, and counts as SQL's `sum` counts it: not at all."""
    rows = read_rows(chunks, container_name, csv_bytes)
    header = next(rows, [])
    missing = [column for column in columns if column not in header]
    if missing:
        raise Unreadable(f"the result has no column {', '.join(missing)}")
    places = [(column, header.index(column)) for column in columns]
    totals = dict.fromkeys(columns, Decimal())
    for record, row in enumerate(rows, start=1):
        if record % _KEEP_EVERY_ROWS == 0:
            keep()
        for column, place in places:
            text = row[place] if place < len(row) else ""
            if text:
                value = number(text, f"column {column} of record {record}")
                totals[column] = added(totals[column], value, column)
    return totals


def number(text: str, what: str) -> Decimal:
    """Reads a number as CSV has it. Raises `Unreadable`."""
    try:
        value = Decimal(text) if "_" not in text else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Unreadable(f"{what} is no number")
    return value


def added(total: Decimal, value: Decimal, column: str) -> Decimal:
    """Adds exactly. Raises `Unreadable`."""
    try:
        return _EXACT.add(total, value)
    except (Inexact, InvalidOperation):
        raise Unreadable(f"the sum of column {column} has more digits than can be compared exactly") from None
