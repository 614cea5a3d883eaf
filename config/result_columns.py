"""Names the types that a result's columns may have, and which of their empty fields are NULL: for formats with types.

A CSV has neither. The spec says it (`columns`, `nulls`), or Stripe, or what `forebay schema` fetched; what nobody says
is text. Nothing is guessed from the rows: the first million may look like numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

_WRITTEN = re.compile(r"\s*([a-z]+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*(with time zone|without time zone)?\s*")
MOST_DIGITS = 38


class Nulls(StrEnum):
    """Which empty fields are NULL. In a column that is not text each one is, since no number is empty."""

    EMPTY = "empty"  # each, quoted or not: Stripe's CSV does not tell the two apart
    UNQUOTED = "unquoted"  # one without quotes; "" is an empty text
    NEVER = "never"  # none: an empty field is an empty text


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    BOOLEAN = "boolean"  # true, false
    INTEGER = "integer"  # of 32 bits
    BIGINT = "bigint"  # of 64 bits
    DECIMAL = "decimal"  # exact, with so many digits in all and so many of them behind the point
    DOUBLE = "double"  # a float: never taken for what the engine or the spec does not call one
    DATE = "date"
    TIMESTAMP = "timestamp"  # UTC, to the microsecond


#: How else they are called, by Trino, by Stripe, and by people.
_ALIASES: Mapping[str, Kind] = MappingProxyType(
    {
        **{kind.value: kind for kind in Kind},
        "varchar": Kind.TEXT,
        "string": Kind.TEXT,
        "bool": Kind.BOOLEAN,
        "int": Kind.INTEGER,
        "smallint": Kind.INTEGER,
        "tinyint": Kind.INTEGER,
        "numeric": Kind.DECIMAL,
        "datetime": Kind.TIMESTAMP,
    }
)


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of one column."""

    kind: Kind
    digits: int = 0
    """Of a decimal: in all."""
    places: int = 0
    """Of a decimal: behind the point."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `bigint`, `decimal(38,2)`. Raises ValueError, in a sentence for the spec's author."""
        written = _WRITTEN.fullmatch(text.lower())
        kind = _ALIASES.get(written[1]) if written else None
        if written is None or kind is None:
            raise ValueError(f"'{text}' is no type: write {', '.join(map(_example, Kind))}")
        if kind is not Kind.DECIMAL:
            return cls(kind)
        digits, places = int(written[2] or 0), int(written[3] or 0)
        if not 1 <= digits <= MOST_DIGITS or places > digits:
            raise ValueError(f"'{text}' has to say its digits, at most {MOST_DIGITS}, and its places: decimal(38,2)")
        return cls(kind, digits, places)

    def __str__(self) -> str:
        return f"{self.kind}({self.digits},{self.places})" if self.kind is Kind.DECIMAL else self.kind.value


TEXT = ColumnType(Kind.TEXT)


def told_type(text: str) -> ColumnType:
    """Reads what Stripe, or a schema, calls a type; text where it is none of ours, or a decimal without its digits."""
    try:
        return ColumnType.parse(text)
    except ValueError:
        return TEXT


def _example(kind: Kind) -> str:
    return "decimal(38,2)" if kind is Kind.DECIMAL else kind.value
