"""Says in Trino's words what DuckDB has to say: of a query that it cannot bind, and of one that fails while it runs."""

import re
from collections.abc import Callable

#: DuckDB's types → Trino's.
_TYPES = {
    "INTEGER_LITERAL": "integer", "STRING_LITERAL": "varchar", "INT64": "BIGINT", "INT32": "INTEGER",
    "INT128": "DECIMAL", "HUGEINT": "bigint", "DOUBLE": "double", "BOOL": "BOOLEAN",
}  # fmt: skip

_Words = Callable[[re.Match[str]], str]


def _fixed(text: str) -> _Words:
    return lambda found: text.format(*found.groups())


def _parameters(found: re.Match[str]) -> str:
    kinds = [_typed(kind.strip()).lower() for kind in found[2].split(",") if kind.strip()]
    return f"Unexpected parameters ({', '.join(kinds)}) for function {found[1].lower()}"


def _typed(kind: str) -> str:
    return _TYPES.get(kind, kind)


#: Of what cannot be bound: the pattern, Trino's words, and whether the first group is what stands at the place.
_REFUSED: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (re.compile(r'Referenced column "([^"]+)" (?:was )?not found'), _fixed("Column '{0}' cannot be resolved")),
    (re.compile(r'Referenced table "([^"]+)" not found'), _fixed("Column '{0}' cannot be resolved")),
    (
        re.compile(r'column "([^"]+)" must appear in the GROUP BY'),
        _fixed("'{0}' must be an aggregate expression or appear in GROUP BY clause"),
    ),
    (re.compile(r'(?:Values list|Table) "[^"]+" does not have a column named "([^"]+)"'),
     _fixed("Column '{0}' cannot be resolved")),
    (re.compile(r"Function with name (\w+) does not exist"), _fixed("Function '{0}' not registered")),
    (re.compile(r'Ambiguous reference to column name "([^"]+)"'), _fixed("Column '{0}' is ambiguous")),
    (re.compile(r"No function matches the given name and argument types '(\w+)\((.*?)\)'"), _parameters),
    (re.compile(r'best candidate function for the function call "(\w+)\((.*?)\)"'), _parameters),
    (re.compile(r"(\w+) clause cannot contain (?:aggregates|window functions)"),
     _fixed("{0} clause cannot contain aggregations, window functions or grouping operations")),
    (re.compile(r"aggregate function calls cannot (?:be nested|contain window)"),
     _fixed("Cannot nest aggregations or window functions inside an aggregation")),
    (re.compile(r"Subquery returns (\d+) columns"),
     _fixed("Multiple columns returned by subquery are not yet supported. Found {0}")),
    (re.compile(r"(ORDER|GROUP BY) term out of range - should be between 1 and (\d+)"),
     _fixed("{0} position is not in select list: it has {1}")),
    (re.compile(r'Function "(\w+)" is a Scalar Function'),
     _fixed("Filter is only valid for aggregation functions, as are DISTINCT and ORDER BY; and {0} is none")),
    (re.compile(r'window "(\w+)" does not exist'), _fixed("Cannot resolve WINDOW name {0}")),
    (re.compile(r'Ambiguous reference to table "([^"]+)"'), _fixed("Ambiguous reference to table '{0}'")),
    (re.compile(r'Column "([^"]+)" does not exist on (left|right) side of join'),
     _fixed("Column '{0}' is missing from {1} side of join")),
    (re.compile(r"function: 'map_extract_value"), _fixed("Cannot use this type for subscript of a map")),
    (re.compile(r'GROUPING child "([^"]+)" must be a grouping column'),
     _fixed("The arguments to GROUPING() must be expressions referenced by the GROUP BY: {0}")),
    (re.compile("DECIMAL type width must be between 1 and 38"), _fixed("DECIMAL precision must be in range [1, 38]")),
    (re.compile(r"given name and argument types '([-+*/%])\((\w+), (\w+)\)'"),
     lambda found: f"Cannot apply operator: {_typed(found[2]).lower()} {found[1]} {_typed(found[3]).lower()}"),
    (re.compile(r"^Parser Error: "), _fixed("the sandbox cannot run this construct of Trino's")),
)  # fmt: skip

#: Of what fails while it runs.
_FAILED: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (re.compile("Division by zero"), _fixed("Division by zero")),
    (re.compile(r"Could not convert string '(.*)' to (\w+)"),
     lambda found: f"Cannot cast '{found[1]}' to {_typed(found[2])}"),
    (re.compile(r'invalid (date|timestamp) field format: "(.*?)"'), _fixed("Value cannot be cast to {0}: {1}")),
    (re.compile(r'(date|timestamp) field value out of range: "(.*?)"'), _fixed("Value cannot be cast to {0}: {1}")),
    (re.compile(r'Could not parse string "(.*?)" according to format'), _fixed('Invalid format: "{0}"')),
    (re.compile(r"Overflow in (\w+) of (\w+) \((-?\d+) (\S) (-?\d+)\)"),
     lambda found: f"{_typed(found[2]).lower()} {found[1]} overflow: {found[3]} {found[4]} {found[5]}"),
    (re.compile("More than one row returned by a subquery"), _fixed("Scalar sub-query has returned multiple rows")),
    (re.compile('Malformed JSON .*Input: "(.*)"'), _fixed("Cannot convert value to JSON: '{0}'")),
)  # fmt: skip


def refused(message: str, position: Callable[[str], str]) -> str:
    """Words what keeps a query from being run; `position` finds a word in it."""
    for pattern, words in _REFUSED:
        if found := pattern.search(message):
            place = position(found[1]) if found.groups() else ""
            return (place or "line 1:1: ") + words(found)
    line = _first_line(message)
    return f"line 1:1: the sandbox cannot run this query, whose engine says: {line.partition(': ')[2] or line}"


def is_of_scalars(message: str) -> bool:
    """Tells whether a function of one row was called as an aggregate is: DuckDB counts that to what fails later."""
    return "is a Scalar Function" in message


def failed(message: str) -> str:
    """Words what ended a query."""
    for pattern, words in _FAILED:
        if found := pattern.search(message):
            return words(found)
    line = _first_line(message)
    return line.partition(": ")[2] or line


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0]
