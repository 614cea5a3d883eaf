"""Refuses text that cannot be one query, before anything is spent on it.

Every query passes here, however it was handed in, so it is quick and asks no parser: what it refuses is none in any
reading of Trino. `trino/judge.py` reads more closely.
"""

import re
import unicodedata
from collections.abc import Iterator

from forebay.scheduler.errors import InputError

#: Comments, strings and quoted names, by Trino's lexical rules; a doubled quote ends one and begins the next.
_NO_CODE = re.compile(r"--[^\r\n]*|/\*.*?(?:\*/|\Z)|'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)", re.DOTALL)
_NO_LINE_END = re.compile(r"[^\n]")
_CLOSED_BY = {
    "/": ("*/", "a comment"),
    "'": ("'", "a string"),
    '"': ('"', "a quoted name"),
    "`": ("`", "a quoted name"),
}
#: Each begins with something to see, so that long stretches of blanks are read once and not from each blank in them.
_STATEMENT = re.compile(r"[^\s;][^;]*")
_FIRST_WORD = re.compile(r"[\s(]*(\w+|[^\s;])")
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_PLACEHOLDER = re.compile(r"\{\{|\{%")
#: A placeholder with quotes of its own, as other tools want them.
_QUOTED_PLACEHOLDER = re.compile(r"'\s*\{\{[\w.|()\s]+\}\}\s*'")
#: Characters that end a line, or turn the text around them to the left, where a name is shown.
_OBEYED = frozenset("\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_sql(origin: str, sql: str, most_sql_bytes: int) -> None:
    """Refuses what is not exactly one query, and what is too long for one. Raises `InputError`."""
    check_size(origin, sql, most_sql_bytes)
    if not sql.strip():
        raise InputError(f"{origin}: the SQL is empty")
    fault = next(_faults(sql), None)
    if fault:
        position, why = fault
        line = 1 + sql.count("\n", 0, position)
        raise InputError(f"{origin}: {why}" + (f" (line {line} of the SQL)" if line > 1 else ""))


def without_end(sql: str) -> str:
    """Leaves out semicolons at the end: Trino's grammar has none, and people's editors like to write one."""
    while ";" in sql and (code := _code(sql).rstrip()).endswith(";"):
        sql = sql[: len(code) - 1] + sql[len(code) :]
    return sql


def check_size(origin: str, sql: str, most_sql_bytes: int) -> None:
    """Refuses what is too long for a query, or no text. Raises `InputError`."""
    check_text(origin, "sql", sql)
    size = len(sql.encode())
    if size > most_sql_bytes:
        raise InputError(
            f"{origin}: the SQL has {size:,} bytes, more than the {most_sql_bytes:,} allowed; "
            "FOREBAY_MAX_SQL_BYTES raises the bound if Stripe takes more"
        )


def check_rendered(origin: str, sql: str) -> None:
    """Refuses SQL that still has placeholders in it, where nobody will fill them. Raises `InputError`."""
    found = _PLACEHOLDER.search(_code(sql)) or _QUOTED_PLACEHOLDER.search(sql)
    if found:
        line = 1 + found.string.count("\n", 0, found.start())
        raise InputError(
            f"{origin}: a placeholder stands in line {line}, and only the SQL of a batch or an extract of the spec is "
            "rendered; write the value itself, or describe a batch (`forebay init` shows how)"
        )


def check_name(origin: str, name: str) -> None:
    """Refuses a name that a terminal or a log would obey instead of showing it. Raises `InputError`."""
    check_text(origin, "name", name)
    for character in name:
        if unicodedata.category(character) == "Cc" or character in _OBEYED:
            raise InputError(f"{origin}: the name holds a control character (U+{ord(character):04X}); take it out")


def check_text(origin: str, field: str, value: str) -> None:
    """Refuses text that no encoding can write. Raises `InputError`."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{origin}: {field} holds half a character (a lone surrogate), which no encoding can write"
        ) from None


def _faults(sql: str) -> Iterator[tuple[int, str]]:
    """Yields what keeps text from being one query, with the place of each, the worst first."""
    if "\0" in sql:
        yield sql.index("\0"), "the SQL holds a NUL character, which no query can"
    for part in _NO_CODE.finditer(sql):
        closing, called = _CLOSED_BY.get(part[0][0], ("", "a comment"))
        if not part[0].endswith(closing, len(closing)):
            yield part.start(), f"{called} that begins here is never closed"
    code = _code(sql)
    words = [word for each in _STATEMENT.finditer(code) if (word := _FIRST_WORD.match(code, each.start()))]
    if not words:
        yield 0, "there is no statement, only blanks or comments"
        return
    first, position = words[0][1], words[0].start(1)
    if first in ("[", "{"):
        yield position, "this is JSON and no SQL; a list of queries is a .json or .ndjson file"
    if first.upper() not in _QUERIES:
        yield position, f"'{first}' begins no query: Stripe's data can only be read, with SELECT or WITH"
    if len(words) > 1:
        why = f"these are {len(words)} statements, and a query is one; make each a query of its own"
        yield words[1].start(1), why


def _code(sql: str) -> str:
    """Blanks out comments and what stands in quotes; all else keeps its place."""
    return _NO_CODE.sub(lambda part: _NO_LINE_END.sub(" " if part[0][0] in "-/" else "'", part[0]), sql)
