"""Writes names, values and lists in a warehouse's own way, whoever chose them: no name can leave its place.

sqlglot knows how each dialect quotes and escapes. What no dialect can hold in a literal is refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlglot import exp

from forebay.landing.errors import NotLoadable
from forebay.landing.loading.table_load import (
    ACCOUNT,
    BATCH,
    OWN_COLUMNS,
    WINDOW_END,
    WINDOW_START,
    Slice,
    TableLoad,
    WindowLoad,
)

#: The types of manifests, in most dialects.
_TYPES = {
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE PRECISION",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlWriting:
    """How one dialect is written."""

    dialect: str
    """As sqlglot calls it."""
    types: dict[str, str]
    """Types that are called otherwise than in `_TYPES`."""
    moment: str = "TIMESTAMP '{:%Y-%m-%d %H:%M:%S}'"
    """A moment in UTC."""

    def name(self, *parts: str) -> str:
        """Quotes a name."""
        if any(not part.isprintable() for part in parts):
            raise NotLoadable(f"{'.'.join(parts)!r} is no name that a table can have: name it in the SQL (AS …)")
        return ".".join(exp.to_identifier(part, quoted=True).sql(dialect=self.dialect) for part in parts)

    def table(self, table: str, suffix: str = "") -> str:
        """Quotes a table's name, with its schema before a dot."""
        return self.name(*f"{table}{suffix}".split("."))

    def text(self, value: str | None) -> str:
        """Writes a text, or NULL."""
        if value is None:
            return "NULL"
        if not value.isprintable():
            raise NotLoadable(f"{value!r} has characters that no SQL should hold")
        return exp.Literal.string(value).sql(dialect=self.dialect)

    def texts(self, values: Iterable[str]) -> str:
        """Writes a list of texts."""
        return ", ".join(map(self.text, values))

    def at(self, moment: datetime | None) -> str:
        """Writes a moment, or NULL."""
        return "NULL" if moment is None else self.moment.format(moment.astimezone(UTC))

    def type(self, written: str) -> str:
        """Calls a manifest's type by the dialect's name; a decimal's digits stay."""
        kind, bracket, digits = written.partition("(")
        if kind == "decimal":
            return self.types.get("decimal", "DECIMAL") + bracket + digits
        return self.types.get(kind) or _TYPES.get(kind) or self.type("text")

    def columns(self, load: TableLoad, *, own: bool = True) -> str:
        """Lists the columns' names."""
        names = [column.name for column in load.columns] + [*(OWN_COLUMNS if own else ())]
        return ", ".join(map(self.name, names))

    def definitions(self, load: TableLoad, *, own: bool = True) -> str:
        """Lists the columns with their types, one a line."""
        types = [(column.name, column.type) for column in load.columns]
        mine = [(WINDOW_START, "timestamp"), (WINDOW_END, "timestamp"), (ACCOUNT, "text"), (BATCH, "text")]
        return ",\n".join(f"  {self.name(name)} {self.type(kind)}" for name, kind in types + (mine if own else []))

    def own(self, window: WindowLoad, each: Slice) -> list[str]:
        """Writes the values of the columns that every table has, in the order of `OWN_COLUMNS`."""
        span = window.window
        start, end = (span.start, span.end) if span else (None, None)
        return [self.at(start), self.at(end), self.text(each.account), self.text(each.batch)]

    def own_values(self, window: WindowLoad, each: Slice) -> str:
        """Lists them."""
        return ", ".join(self.own(window, each))

    def values(self, names: Sequence[str], *, empty_is_null: bool) -> str:
        """Writes columns as they are read; an empty field of a CSV is NULL: Stripe's does not tell the two apart."""
        return ", ".join(f"NULLIF({name}, '')" if empty_is_null else name for name in names)

    def is_window(self, window: WindowLoad) -> str:
        """Writes the condition by which its rows are known."""
        if window.window is None:
            return f"{self.name(BATCH)} = {self.text(window.batch)}"
        start, end = self.at(window.window.start), self.at(window.window.end)
        return f"{self.name(WINDOW_START)} = {start} AND {self.name(WINDOW_END)} = {end}"
