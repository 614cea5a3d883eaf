"""Says what is known of a result's columns before it lands: their types, and what an empty field means.

Of several that know a column's type the nearest to the user wins: the spec, then Stripe's answer, then the schema.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from forebay.config.result_columns import TEXT, ColumnType, Nulls, told_type
from forebay.landing.errors import UnknownResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRules:
    """Asked by formats that have types; the others keep the CSV as it is."""

    named: Mapping[str, ColumnType] = field(default_factory=dict)
    """By the spec, by the column's name."""
    told: Sequence[tuple[str, ColumnType]] = ()
    """By Stripe with the result, in the order of its columns; counts only where it names just these."""
    known: Mapping[str, ColumnType] = field(default_factory=dict)
    """By the query and the schema that was fetched when it was accepted."""
    nulls: Nulls = Nulls.EMPTY
    keep_misfits: bool = False
    """A value that does not fit makes its column text, and is told; else the result does not land."""

    def types_of(self, columns: Sequence[str]) -> list[ColumnType]:
        """Decides the type of each column."""
        told = [kind for _, kind in self.told] if [name for name, _ in self.told] == list(columns) else None
        types = []
        for place, column in enumerate(columns):
            last = told[place] if told else self.known.get(column.lower(), TEXT)
            types.append(self.named.get(column, last))
        return types


AS_TEXT = ColumnRules()


def column_rules(
    *,
    named: Mapping[str, str],
    told: Sequence[tuple[str, str]],
    known: Mapping[str, str],
    nulls: str,
    keep_misfits: bool,
) -> ColumnRules:
    """Reads rules as they are kept. Raises UnknownResult for what only a newer Forebay may have accepted."""
    try:
        return ColumnRules(
            named={name: ColumnType.parse(text) for name, text in named.items()},
            told=tuple((name, told_type(text)) for name, text in told),
            known={name: told_type(text) for name, text in known.items()},
            nulls=Nulls(nulls),
            keep_misfits=keep_misfits,
        )
    except ValueError as error:
        raise UnknownResult(str(error)) from error
