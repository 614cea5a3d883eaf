"""Says what a syntax fault is, and how Trino writes what was meant.

Each rule looks at the tokens around the one that the grammar did not expect, and knows one habit of another engine. The
first that recognizes its habit speaks; where none does, the sentence says what stands there, and which word is near.
"""

import difflib
from collections.abc import Callable

from forebay.scheduler.sql.trino.fault_place import FaultPlace
from forebay.scheduler.sql.trino.odd_characters import odd_character
from forebay.scheduler.sql.trino.syntax import SqlToken, SyntaxFaultError
from forebay.scheduler.sql.trino.syntax_habits import HABITS

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


def said_of(fault: SyntaxFaultError) -> tuple[int, str]:
    """Says in which line to look, what is wrong, and what to write."""
    place = FaultPlace(fault.tokens, fault.at)
    if odd := odd_character(place):
        return odd
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
        if near := _misspelt(place.word(step)):
            return f"'{place.text(step)}' is not expected here, did you mean '{near}'?"
    if not place.word():
        after = f": something is missing after '{place.text(-1)}'" if place.word(-1) else ""
        return f"the statement is incomplete{after}"
    if place.word() in _RESERVED - _ENDS - {"SELECT", "ELSE", "AS", "IN"}:
        return f"'{place.text()}' is not expected here; a name that is a word of SQL's is put in double quotes"
    return f"'{place.text()}' is not expected here"


def _misspelt(word: str) -> str | None:
    """Finds the word that begins a clause and looks like this one, which is no word of SQL's itself."""
    if not word.isalpha() or word in _RESERVED or word in _CLAUSES:
        return None
    return next(iter(difflib.get_close_matches(word, _CLAUSES, n=1, cutoff=0.75)), None)


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
    _first_word,
    _comma,
    *HABITS,
    _names,
    _brackets,
    _case,
)
