"""Says what a syntax fault is, and how Trino writes what was meant.

Each rule looks at the tokens around the one that the grammar did not expect, and knows one habit of another engine. The
first that recognizes its habit speaks; where none does, the sentence says what stands there, and which word is near.
"""

import re
from collections.abc import Callable

from forebay.config.document.strict import near_miss
from forebay.scheduler.sql.trino.fault_place import FaultPlace
from forebay.scheduler.sql.trino.known_functions import elsewhere
from forebay.scheduler.sql.trino.literals_of_types import as_interval
from forebay.scheduler.sql.trino.syntax import SqlToken, SyntaxFaultError

#: Words that begin or join clauses: what a misspelt word was meant to be.
_CLAUSES = (
    "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION", "JOIN", "BETWEEN", "DISTINCT",
    "INTERVAL", "EXCEPT", "INTERSECT", "CROSS", "INNER", "OUTER", "VALUES", "WINDOW", "PARTITION", "CASE",
)  # fmt: skip
_ENDS = frozenset({"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", ")", ",", "END", ";", ""})
#: Words that are no names unless they are quoted.
_RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "JSON_ARRAY",
        "JSON_EXISTS",
        "JSON_OBJECT",
        "JSON_QUERY",
        "JSON_TABLE",
        "JSON_VALUE",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
_REGEXP = frozenset({"RLIKE", "REGEXP", "~", "~*", "GLOB", "SIMILAR"})


def said_of(fault: SyntaxFaultError) -> tuple[int, str]:
    """Says in which line to look, what is wrong, and what to write."""
    place = FaultPlace(fault.tokens, fault.at)
    for rule in _RULES:
        if text := rule(place):
            return _line(place, rule), text
    return place.line(), _unexpected(place)


def _line(place: FaultPlace, rule: Callable[[FaultPlace], str | None]) -> int:
    """Finds the line to look at: where it began, if that is not where the grammar noticed."""
    opened = _opened(place)
    if rule is _brackets and opened and place.text() not in (")", "]"):
        return opened[-1].line
    return place.line(-1 if rule is _comma and place.word(-1) == "," else 0)


def _unexpected(place: FaultPlace) -> str:
    for step in (0, -1):
        if place.is_word(step) and place.word(step) not in _CLAUSES and (near := near_miss(place.word(step), _CLAUSES)):
            return f"'{place.text(step)}' is not expected here{near}"
    if not place.word():
        after = f": something is missing after '{place.text(-1)}'" if place.word(-1) else ""
        return f"the statement is incomplete{after}"
    if place.word() in _RESERVED:
        return f"'{place.text()}' is not expected here; a name that is a word of SQL's is put in double quotes"
    return f"'{place.text()}' is not expected here"


def _first_word(place: FaultPlace) -> str | None:
    if place.at == 0 and place.word() == "FROM":
        return "a query begins with SELECT or WITH"
    return None


def _comma(place: FaultPlace) -> str | None:
    if place.word(-1) == "," and place.word() in _ENDS:
        return "a comma stands here with nothing after it"
    if place.word(-1) == "SELECT" and place.word() == "FROM":
        return "a SELECT names no columns"
    return None


def _casts(place: FaultPlace) -> str | None:
    if place.word() == ":" and place.word(1) == ":":
        return f"Trino has no ::; write CAST({place.operand()} AS {place.text(2) or 'type'})"
    return None


def _equals(place: FaultPlace) -> str | None:
    if place.word() == "=" and "=" in (place.word(-1), place.word(1)):
        return "Trino compares with a single ="
    return None


def _like(place: FaultPlace) -> str | None:
    if place.word() != "ILIKE":
        return None
    value = place.operand(-2 if place.word(-1) == "NOT" else -1)
    no = "NOT " if place.word(-1) == "NOT" else ""
    pattern = place.text(1) if place.text(1).startswith("'") else "pattern"
    return f"Trino has no ILIKE; write lower({value}) {no}LIKE {pattern.lower()}"


def _regular_expression(place: FaultPlace) -> str | None:
    if place.word() not in _REGEXP:
        return None
    pattern = place.text(1) if place.text(1).startswith("'") else "pattern"
    return f"Trino has no {place.word()}; write regexp_like({place.operand()}, {pattern})"


def _offset(place: FaultPlace) -> str | None:
    if place.word() == "OFFSET" and place.word(-2) == "LIMIT":
        return f"OFFSET stands before LIMIT: OFFSET {place.text(1)} LIMIT {place.text(-1)}"
    if place.word() == "," and place.word(-2) == "LIMIT":
        return f"Trino has no LIMIT a, b; write OFFSET {place.text(-1)} LIMIT {place.text(1)}"
    if place.word(-1) == "TOP" and place.text().isdigit():
        return f"Trino has no TOP; end the query with LIMIT {place.text()}"
    if place.word(-1) == "LIMIT":
        return "LIMIT takes a whole number, and nothing to compute"
    return None


def _interval(place: FaultPlace) -> str | None:
    """Knows `INTERVAL 30 DAY`, `INTERVAL '30' DAYS` and units that an interval does not have."""
    begins = next((step for step in (-1, -2, -3) if place.word(step) == "INTERVAL"), None)
    if begins is None:
        return None
    number, unit = place.text(begins + 1).strip("'"), place.word(begins + 2)
    if not re.fullmatch(r"\d+", number):
        return "an interval is written INTERVAL '30' DAY; for a computed one there is date_add('day', n, x)"
    return f"an interval is written {as_interval(number, unit)}"


def _filters(place: FaultPlace) -> str | None:
    if "QUALIFY" in (place.word(), place.word(-1)):
        return "Trino has no QUALIFY; put the query into a subquery, and the condition into a WHERE around it"
    if place.word(-1) == "DISTINCT" and place.word() == "ON":
        return (
            "Trino has no DISTINCT ON; use row_number() OVER (PARTITION BY …) = 1 in a subquery, or max_by(x, created)"
        )
    if (place.word() in ("EXCLUDE", "EXCEPT", "REPLACE") and place.word(-1) == "*") or place.word(-2) == "EXCEPT":
        return "Trino has no SELECT * without some columns; list those that are meant"
    return None


def _truth(place: FaultPlace) -> str | None:
    no = place.word(-1) == "NOT"
    if place.word() in ("TRUE", "FALSE") and "IS" in (place.word(-1), place.word(-2)):
        value = place.operand(-3 if no else -2)
        return f"Trino has no IS {place.word()}; write {value} {'<>' if no else '='} {place.text().lower()}"
    if place.word() in ("ISNULL", "NOTNULL"):
        return f"write IS {'NOT ' * (place.word() == 'NOTNULL')}NULL"
    return None


def _signs(place: FaultPlace) -> str | None:
    """Knows signs of other languages."""
    if place.text(-1) == "->" and place.text() == ">":
        return "Trino takes a value out of JSON by json_extract_scalar(x, '$.a')"
    pair = place.text() + place.text(1)
    known = {
        "&&": "Trino has no &&; write AND",
        "->": "Trino takes a value out of JSON by json_extract_scalar(x, '$.a')",
        "#": "Trino has no # comments; a comment begins with --",
        "[": "a list is written ARRAY[1, 2]",
        "{": "Trino has no braces; a placeholder of Forebay is written {{ name }}",
        "}": "Trino has no braces; a placeholder of Forebay is written {{ name }}",
        "&": "Trino has bitwise_and(a, b)",
        "|": "Trino has bitwise_or(a, b), and || to join texts",
        "^": "Trino has power(a, b)",
        "<=>": "Trino writes a IS NOT DISTINCT FROM b",
        "!": "Trino writes NOT",
        "@": "Trino has no variables; a placeholder of Forebay is written {{ name }}",
        "$": "Trino has no $ parameters; a placeholder of Forebay is written {{ name }}",
        ":": "Trino has no : parameters; a placeholder of Forebay is written {{ name }}",
        "'": "a string that begins here is never closed",
        '"': "a quoted name that begins here is never closed",
        ";": "a ; stands here, and a query is one statement without it",
    }
    return known.get(pair) or known.get(place.text())


def _quotes(place: FaultPlace) -> str | None:
    if any(place.text(step).startswith("'") and place.text(step).endswith("\\'") for step in (-1, -2)):
        return "a quote in a string is doubled: 'it''s'; a backslash is nothing but a backslash"
    return None


def _lists(place: FaultPlace) -> str | None:
    if place.word() == "IN" and place.word(1) == "(" and place.word(2) == ")":
        return "IN () has nothing to compare with; Trino needs one value at least"
    if place.word() == ")" and place.word(-1) == "(" and place.word(-2) == "IN":
        return "IN () has nothing to compare with; Trino needs one value at least"
    return None


def _calls(place: FaultPlace) -> str | None:
    """Knows functions whose names or arguments the grammar has no place for."""
    for step in (0, -1, -2):
        if place.word(step) and place.word(step + 1) == "(" and (ours := elsewhere(place.word(step).lower())):
            return f"Trino has no {place.text(step).lower()}(); write {ours}"
    words = [token.word for token in place.tokens[max(0, place.at - 12) : place.at + 1]]
    if "WITHIN" in words:
        named = next((word.lower() for word in words if elsewhere(word.lower())), None)
        return f"Trino has no {named}(); write {elsewhere(named)}" if named else None
    if place.word() == "SEPARATOR":
        return f"Trino has no {'group_concat'}(); write {elsewhere('group_concat')}"
    return None


def _relations(place: FaultPlace) -> str | None:
    for step in (0, -1, -2, -3):
        match place.word(step):
            case "PIVOT" | "UNPIVOT":
                return "Trino has no PIVOT; write sum(x) FILTER (WHERE …) for each column, or UNNEST for the way back"
            case "SEMI" | "ANTI":
                return "Trino has no SEMI or ANTI JOIN; write WHERE [NOT] EXISTS (SELECT 1 FROM …)"
            case "APPLY":
                return "Trino has no APPLY; write CROSS JOIN LATERAL (…)"
            case "ASOF":
                return "Trino has no ASOF JOIN; join on the range, and keep one row by max_by or row_number()"
            case "VIEW" if place.word(step - 1) == "LATERAL":
                return "Trino has no LATERAL VIEW; write CROSS JOIN UNNEST(array) AS t (x)"
            case "SAMPLE":
                return "a sample is written TABLESAMPLE BERNOULLI (10)"
    return None


def _names(place: FaultPlace) -> str | None:
    reserved = place.word() in _RESERVED
    if reserved and place.word(-1) in ("AS", "."):
        return f"'{place.text()}' is a word of SQL's; as a name it is put in double quotes: \"{place.text()}\""
    return None


def _opened(place: FaultPlace) -> list[SqlToken]:
    """Lists the brackets before the fault that nothing closes."""
    opened: list[SqlToken] = []
    for token in place.tokens[: place.at]:
        if token.text in "([":
            opened.append(token)
        elif token.text in ")]" and opened:
            opened.pop()
    return opened


def _brackets(place: FaultPlace) -> str | None:
    opened = _opened(place)
    if not opened:
        return f"'{place.text()}' closes what was never opened" if place.text() in (")", "]") else None
    inside = [token.word for token in place.tokens[place.tokens.index(opened[-1]) : place.at]]
    if not place.text() or (place.word() in _ENDS - {",", ")"} and "SELECT" not in inside):
        return f"'{opened[-1].text}' is never closed"
    return None


def _case(place: FaultPlace) -> str | None:
    words = [token.word for token in place.tokens[: place.at]]
    if words.count("CASE") > words.count("END") and place.word() in ("FROM", "", ",", "AS", ")", "CASE"):
        return "a CASE has no END"
    return None


_RULES: tuple[Callable[[FaultPlace], str | None], ...] = (
    _first_word, _comma, _casts, _equals, _like, _regular_expression, _offset, _interval, _filters, _truth, _quotes,
    _lists, _relations, _calls, _signs, _names, _brackets, _case,
)  # fmt: skip
