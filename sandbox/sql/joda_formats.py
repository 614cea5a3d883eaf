"""Writes a format of format_datetime, which is Joda's, as DuckDB's strftime reads it. Part of `rewrites.py`."""

import re

from forebay.sandbox.sql.refused import SqlRefusedError

#: Letter → how it is written by how often it stands there, the last for more than that.
_LETTERS = {
    "y": ("%Y", "%y", "%Y", "%Y"),
    "Y": ("%Y", "%y", "%Y", "%Y"),
    "x": ("%G", "", "%G", "%G"),
    "M": ("%-m", "%m", "%b", "%B"),
    "w": ("", "%V"),
    "d": ("%-d", "%d"),
    "D": ("%-j", "", "%j"),
    "E": ("%a", "%a", "%a", "%A"),
    "e": ("%u",),
    "a": ("%p",),
    "H": ("%-H", "%H"),
    "h": ("%-I", "%I"),
    "m": ("%-M", "%M"),
    "s": ("%-S", "%S"),
    "S": ("", "", "%g"),
}
#: A quoted text (two quotes are one), a run of one letter, or anything else.
_PART = re.compile(r"'((?:[^']|'')*)'|(([a-zA-Z])\3*)|([^a-zA-Z']+)")


def strftime_of(pattern: str) -> str:
    """Translates a whole format. Raises `SqlRefusedError` for a letter that the sandbox does not know."""
    return "".join(_part(found) for found in _PART.finditer(pattern))


def _part(found: re.Match[str]) -> str:
    quoted, run, letter, rest = found.groups()
    if quoted is not None:
        return quoted.replace("''", "'").replace("%", "%%") or "'"
    if run is None:
        return str(rest).replace("%", "%%")
    forms = _LETTERS.get(letter, ())
    written = forms[min(len(run), len(forms)) - 1] if forms else ""
    if not written:
        raise SqlRefusedError(f"line 1:1: the sandbox knows no '{run}' in a format of format_datetime")
    return written
