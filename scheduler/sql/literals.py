"""Writes values as Trino literals, for `scheduler/sql/template.py`: each is one value wherever it stands.

Sigma takes timestamps without `T` and without a zone, and means UTC. A negative number gets parentheses, since `-` and
`-1` side by side would begin a comment. A decimal stays exact: `DECIMAL '0.10'`.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite

_BIGINT = 2**63 - 1
_DECIMAL_DIGITS = 38


def literal(value: object) -> str:
    """Writes one literal, or a list's, with commas between. Raises ValueError, saying what is wrong with the value."""
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("is an empty list, and IN () is no SQL")
        return ", ".join(map(_single, value))
    return _single(value)


def date_literal(value: object) -> str:
    """Writes the day of a moment, by the wall of the zone that it is given in; or of text such as 2026-01-31."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("is no date such as 2026-01-31") from None
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        raise ValueError(f"is {_kind(value)}, and only dates, times and text such as 2026-01-31 have a date")
    return _single(value)


def check_text(text: str) -> None:
    """Refuses characters that no SQL text may have. Raises ValueError."""
    if "\0" in text:
        raise ValueError("has a NUL character in it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a surrogate pair in it, which is no character") from None


def _single(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return _integer(value)
        case float():
            return _float(value)
        case Decimal():
            return _decimal(value)
        case str():
            check_text(value)
            # A backslash or a line break means itself between Trino's quotes; only the quote has to be doubled.
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return _timestamp(value)
        case date():
            return f"DATE '{value.isoformat()}'"
    raise ValueError(f"is {_kind(value)}, which has no literal")


def _integer(value: int) -> str:
    if abs(value) > _BIGINT:
        return _decimal(Decimal(value))
    return _signed(str(value))


def _float(value: float) -> str:
    if not isfinite(value):
        raise ValueError(f"is {value}, which is no number")
    return _signed(repr(value).upper())


def _signed(written: str) -> str:
    return f"({written})" if written.startswith("-") else written


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"is {value}, which is no number")
    written = f"{value:f}" if abs(value.adjusted()) <= _DECIMAL_DIGITS else ""
    whole, _, fraction = written.lstrip("-").partition(".")
    if not written or len(whole.lstrip("0") + fraction) > _DECIMAL_DIGITS:
        raise ValueError(f"has more than the {_DECIMAL_DIGITS} digits of a DECIMAL")
    return f"DECIMAL '{written}'"


def _timestamp(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("is a time without a zone")
    if value.microsecond % 1000:
        raise ValueError("is a time with parts of a millisecond, which Sigma does not take")
    spec = "milliseconds" if value.microsecond else "seconds"
    return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ', spec)}'"


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list | tuple) else f"of type {type(value).__name__}"
