"""Knows habits of other engines that Trino's grammar has no place for, and how Trino writes what they mean.

Part of `syntax_remedies.py`: each function looks at the tokens around a fault, and speaks if it recognizes its habit.
"""

import re
from collections.abc import Callable

from forebay.scheduler.sql.trino.fault_place import FaultPlace
from forebay.scheduler.sql.trino.known_functions import elsewhere
from forebay.scheduler.sql.trino.literals_of_types import as_interval

_REGEXP = frozenset({"RLIKE", "REGEXP", "~", "~*", "GLOB", "SIMILAR"})


def _casts(place: FaultPlace) -> str | None:
    if place.word() == ":" and place.word(1) == ":" and place.word(2) == "INTERVAL" and place.text(-1).startswith("'"):
        return f"an interval is written {as_interval(place.text(-1).strip(chr(39)), '')}"
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
        "=>": "Trino's functions take values by their order, and not by name",
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
    if (called := place.within()) and (ours := elsewhere(called.lower())):
        return f"Trino has no {called.lower()}(); write {ours}"
    words = [token.word for token in place.tokens[max(0, place.at - 12) : place.at + 1]]
    if "WITHIN" in words:
        named = next((word.lower() for word in words if elsewhere(word.lower())), None)
        return f"Trino has no {named}(); write {elsewhere(named)}" if named else None
    if place.word() == "SEPARATOR":
        return f"Trino has no {'group_concat'}(); write {elsewhere('group_concat')}"
    return None


def _ends(place: FaultPlace) -> str | None:
    """Knows what other engines write at the end of a clause, or of a query."""
    here, before = place.word(), place.word(-1)
    for step in (-1, -2):
        if place.word(step + 1) == "(" and place.word(step).startswith(("CURRENT_", "LOCALTIME")):
            return f"{place.word(step)} has no brackets"
    if here.isdigit() and before == "AS":
        return f'a name that begins with a digit is put in double quotes: "{place.text()}"'
    if here == "INTO" or (here == "UPDATE" and before == "FOR") or (here == "FOR" and place.word(1) == "UPDATE"):
        return "Stripe's data can only be read: a query ends without INTO and FOR UPDATE"
    if here == "ON" and "CROSS" in (place.word(-3), place.word(-4), place.word(-5)):
        return "a CROSS JOIN has no ON; write JOIN … ON"
    if before == "FETCH" and here.isdigit():
        return f"write FETCH FIRST {here} ROWS ONLY, or LIMIT {here}"
    return None


def _orders(place: FaultPlace) -> str | None:
    """Knows what lacks a word in windows and aggregates."""
    if place.word(-1) in ("ORDER", "PARTITION", "GROUP") and place.word(-2) != "WITHIN" and place.word() != "BY":
        return f"{place.word(-1)} is followed by BY"
    words = [token.word for token in place.tokens[max(0, place.at - 6) : place.at]]
    if "BETWEEN" in words and {"ROWS", "RANGE", "GROUPS"} & {*words}:
        return "the bounds of a frame are written 3 PRECEDING, CURRENT ROW, 1 FOLLOWING or UNBOUNDED PRECEDING"
    if place.word(-1) == ")" and place.within(-1) == "LISTAGG":
        return "listagg needs its order: listagg(x, ',') WITHIN GROUP (ORDER BY x)"
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


def _habits(place: FaultPlace) -> str | None:
    """Knows words of other engines in places where Trino has others."""
    here, before = place.word(), place.word(-1)
    if here.startswith("'") and before in ("AS", "FROM", "JOIN"):
        return f'a name stands in double quotes, or in none: "{place.text().strip(chr(39))}"'
    if (here.startswith("'") and before == "IN") or (here == "IN" and place.word(1).startswith("'")):
        return "IN is followed by a list in brackets: IN ('a', 'b')"
    if "MINUS" in (here, before):
        return "Trino has no MINUS between queries; write EXCEPT"
    if here == "WHERE" and before == "FILTER":
        return "a filter stands in brackets: FILTER (WHERE …)"
    if "FILTER" in (place.word(-2), place.word(-3)) and "WHERE" in (before, place.word(-2)):
        return "a filter stands in brackets: FILTER (WHERE …)"
    if here == "UNNEST":
        return "UNNEST stands in FROM: CROSS JOIN UNNEST(array) AS t (x)"
    if before == "(" and place.word(-2) == "EXTRACT" and here.startswith("'"):
        return f"the unit of EXTRACT stands without quotes: EXTRACT({place.text().strip(chr(39))} FROM x)"
    return None


def _joins(place: FaultPlace) -> str | None:
    """Knows a JOIN that does not say by what."""
    if place.word() not in ("WHERE", "GROUP", "ORDER", "LIMIT", ""):
        return None
    words = [token.word for token in place.tokens[max(0, place.at - 4) : place.at]]
    if "JOIN" in words and not {"ON", "USING", "CROSS", "NATURAL"} & {*words} and words[-1] != "JOIN":
        return "a JOIN needs ON or USING; one of everything with everything is a CROSS JOIN"
    return None


#: In the order in which they are asked: the ones with the most to go by first.
HABITS: tuple[Callable[[FaultPlace], str | None], ...] = (
    _casts,
    _equals,
    _like,
    _regular_expression,
    _offset,
    _interval,
    _filters,
    _truth,
    _quotes,
    _lists,
    _relations,
    _habits,
    _ends,
    _orders,
    _joins,
    _calls,
    _signs,
)
