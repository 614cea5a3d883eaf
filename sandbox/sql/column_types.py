"""Names the type of a result's column as the data dialect does, from what DuckDB calls it."""

from dataclasses import dataclass

_NAMES = {
    "BOOLEAN": "boolean",
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",  # a sum of whole numbers, which is a bigint in Trino
    "FLOAT": "double",
    "DOUBLE": "double",
    "DECIMAL": "decimal",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    # Stripe does not say what it calls datetime; of Trino's types only this one is left for it.
    "TIMESTAMP WITH TIME ZONE": "datetime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    """A column of a result."""

    name: str
    type: str
    """One of the nine that Stripe lists."""


def type_name(duckdb_type: str) -> str:
    """Names a type; what has no name of its own (lists, intervals, NULL) is delivered as text, and called that."""
    return _NAMES.get(duckdb_type.partition("(")[0], "varchar")
