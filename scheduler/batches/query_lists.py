"""Reads lists of queries in each of their forms: CSV, TSV, NDJSON, a JSON array.

The one place that knows the forms: `queries.py` asks by a file's suffix, in any case, or by how standard input begins.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from forebay.scheduler.errors import InputError

#: What a row may say; anything else is a misspelling that would silently change what is run.
FIELDS = ("sql", "name", "account")

# A cell holds a query, and how long one may be is checked where it is known; by itself Python stops at 131,072 letters.
csv.field_size_limit(1 << 30)

_JSON = json.JSONDecoder()
_BLANKS = re.compile(r"\s*")
_SEPARATORS = (",", "\t", ";", "|")
_CALLED = {",": "commas", "\t": "tabs"}
#: A line of words that could be names of columns, and no SQL.
_WORD = re.compile(r'\s*"?\w+"?\s*')


class ListForm(Enum):
    """How a list is written."""

    CSV = ","
    TSV = "\t"
    JSON = "json"
    """One array, or one object after the other: NDJSON."""


SUFFIXES = {
    ".csv": ListForm.CSV,
    ".tsv": ListForm.TSV,
    ".json": ListForm.JSON,
    ".ndjson": ListForm.JSON,
    ".jsonl": ListForm.JSON,
}


class Row(NamedTuple):
    """One query of a list."""

    line: int
    """Where it begins (of JSON) or ends, from 1."""
    number: int
    """By which it is told from others that have no name either."""
    fields: dict[str, str]
    """Of `FIELDS` those that say something; `sql` always does."""


def form_of(text: str) -> ListForm | None:
    """Tells a list by how it begins; None for what is to be one query. Raises `InputError` for one that is neither."""
    first_line = text.lstrip().partition("\n")[0].rstrip("\r")
    if first_line.startswith(("[", "{")):
        return ListForm.JSON
    for separator in _SEPARATORS:
        cells = first_line.split(separator)
        if all(map(_WORD.fullmatch, cells)) and "sql" in [cell.strip(' "').lower() for cell in cells]:
            return ListForm.TSV if separator == "\t" else ListForm.CSV
    return None


def read_list(origin: str, text: str, form: ListForm) -> Iterator[Row]:
    """Reads a list, row by row. Raises `InputError`, which names the line."""
    return _json(origin, text) if form is ListForm.JSON else _cells(origin, text, form.value)


def _json(origin: str, text: str) -> Iterator[Row]:
    start = _end_of_blanks(text, 0)
    array = text[start : start + 1] == "["
    at, line, counted, number = _end_of_blanks(text, start + array), 1, 0, 0
    if array and text[at : at + 1] == "]":
        return
    while at < len(text):
        line, counted, number = line + text.count("\n", counted, at), at, number + 1
        place = f"{origin}, line {line}"
        try:
            value, end = _JSON.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = f"at character {error.colno}" + (f" of line {error.lineno}" if error.lineno != line else "")
            raise InputError(f"{place} is not JSON: {error.msg} {where}") from error
        except RecursionError:
            raise InputError(f"{place} is not JSON: it is nested too deeply") from None
        if not isinstance(value, dict):
            raise InputError(f'{place} is not an object like {{"sql": "SELECT …", "name": "fees"}}')
        yield Row(line, number if array else line, _checked(place, value))
        at = _end_of_blanks(text, end)
        if array:
            separator, after = text[at : at + 1], _end_of_blanks(text, at + 1)
            if separator != "," and (separator != "]" or after < len(text)):
                raise InputError(f"{place} is not JSON: a list goes on with a comma, or ends with ]")
            at = after


def _end_of_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _cells(origin: str, text: str, separator: str) -> Iterator[Row]:
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = rows.fieldnames = [column.strip().lower() for column in rows.fieldnames or ()]
        if "sql" not in columns:
            raise InputError(f"{origin}: the first line must name the columns: {_columns_wanted(columns, separator)}")
        if len(set(columns)) < len(columns):
            raise InputError(f"{origin}: the first line names a column twice")
        for row in rows:
            place = f"{origin}, line {rows.line_num}"
            if None in row:
                raise InputError(f"{place} has more cells than the first line has columns")
            given = {column: cell for column, cell in row.items() if cell}
            yield Row(rows.line_num, rows.line_num, _checked(place, given))
    except csv.Error as error:
        kind = "CSV" if separator == "," else "TSV"
        raise InputError(f"{origin}, line {rows.reader.line_num} is not {kind}: {error}") from error


def _columns_wanted(columns: Sequence[str], wanted: str) -> str:
    found = next((one for one in _SEPARATORS if one != wanted and one in "".join(columns)), None)
    hint = f"; here {found!r} stands between the cells, and {_CALLED[wanted]} are read" if found else ""
    other = {",": "; save it as .csv", "\t": "; save it as .tsv"}.get(found or "", "")
    return f"sql, and name or account if wanted{hint}{other}"


def _checked(place: str, row: dict[str, object]) -> dict[str, str]:
    for field, value in row.items():
        if field not in FIELDS:
            raise InputError(f"{place}: unknown field {field!r}; a query has {', '.join(FIELDS)}")
        if value is not None and not isinstance(value, str):
            raise InputError(f"{place}: {field} must be text")
    if row.get("sql") is None:
        raise InputError(f"{place} has no sql")
    return {field: str(value) for field, value in row.items() if value or field == "sql"}
