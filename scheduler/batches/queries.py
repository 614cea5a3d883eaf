"""Reads what a user hands in, as queries: SQL files, globs, standard input, NDJSON or CSV of {sql, name, account}.

Everything is checked here, before anything is accepted; an error names the file, and the line where there is one.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from forebay.config.read_json import read_json
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.query_text import check_name, check_rendered, check_sql, check_text
from forebay.scheduler.sql.sqlfiles import paths, text_of
from forebay.store.ledger.records import Item

#: Where paths count from, if nobody says otherwise.
HERE = Path()
#: What a row may say; anything else is a misspelling that would silently change what is run.
FIELDS = ("sql", "name", "account")

#: Files that people take for lists, and what makes them some.
_OTHER_FORMS = {
    ".json": "one object a line comes of a JSON array by jq -c '.[]' FILE.json > FILE.ndjson",
    ".tsv": "save it with commas, as .csv",
    ".xlsx": "save it as .csv",
}


@dataclass(frozen=True, slots=True)
class QueryPlace:
    """Where a query was handed in."""

    file: str
    line: int | None = None
    """Of a list, from 1; None where the file is the query."""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}, line {self.line}"


def read(
    sources: Iterable[str], *, stdin: TextIO, account: str | None, most_sql_bytes: int, folder: Path = HERE
) -> Iterator[Item]:
    """Reads the items of all sources in their order; `-` is standard input, and paths count from the folder.

    A `.ndjson`, `.jsonl` or `.csv` file is a list of queries; one with `.sql` or without a suffix is one query, named
    for the file; others are refused. Standard input is a list if it begins as one, else one query named `query`. Raises
    `InputError`.
    """
    seen: dict[tuple[str | None, str], QueryPlace] = {}
    for place, item in read_placed(sources, stdin=stdin, account=account, most_sql_bytes=most_sql_bytes, folder=folder):
        key = (item.account, item.name)
        if key in seen:
            raise InputError(f"{place}: the name {item.name!r} is taken by {seen[key]}; results would collide")
        seen[key] = place
        yield item
    if not seen:
        raise InputError("there are no queries in the input")


def read_placed(
    sources: Iterable[str], *, stdin: TextIO, account: str | None, most_sql_bytes: int, folder: Path = HERE
) -> Iterator[tuple[QueryPlace, Item]]:
    """Reads as `read` does, each item with its place, and lets names be that would collide. Raises `InputError`."""
    for place, item in _items(sources, stdin, folder):
        yield place, _checked(str(place), item, account, most_sql_bytes)


def _items(sources: Iterable[str], stdin: TextIO, folder: Path) -> Iterator[tuple[QueryPlace, Item]]:
    for source in sources:
        if source == "-":
            yield from _from_stdin(_read(stdin))
            continue
        for path in paths(source, folder):
            yield from _from_file(path)


def _from_file(path: Path) -> Iterator[tuple[QueryPlace, Item]]:
    match path.suffix.lower():
        case ".sql" | "":
            yield QueryPlace(str(path)), Item(name=path.stem, sql=text_of(path), account=None)
        case ".ndjson" | ".jsonl":
            yield from _from_ndjson(str(path), text_of(path))
        case ".csv":
            yield from _from_csv(str(path), text_of(path))
        case suffix:
            hint = _OTHER_FORMS.get(suffix, "hand it over on standard input if it is one: forebay run - < FILE")
            raise InputError(f"{path}: a query is a .sql file, and a list of them .ndjson, .jsonl or .csv; {hint}")


def _read(stdin: TextIO) -> str:
    try:
        return stdin.read().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(f"standard input is not UTF-8 text (byte {error.start})") from error


def _from_stdin(text: str) -> Iterator[tuple[QueryPlace, Item]]:
    first_line = text.lstrip().partition("\n")[0]
    if first_line.startswith("["):
        raise InputError("standard input is a JSON array; give one object a line, for example with jq -c '.[]'")
    if first_line.startswith("{"):
        yield from _from_ndjson("standard input", text)
    elif {cell.strip() for cell in first_line.split(",")} <= {*FIELDS} and "sql" in first_line:
        yield from _from_csv("standard input", text)
    else:
        yield QueryPlace("standard input"), Item(name="query", sql=text, account=None)


def _from_ndjson(origin: str, text: str) -> Iterator[tuple[QueryPlace, Item]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = QueryPlace(origin, number)
        try:
            row = read_json(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{place} is not JSON: {error.msg} at character {error.colno}") from error
        except RecursionError:
            raise InputError(f"{place} is nested too deeply to be a query") from None
        if not isinstance(row, dict):
            raise InputError(f'{place} is not an object like {{"sql": "SELECT …", "name": "fees"}}')
        yield place, _from_row(place, row, number)


def _from_csv(origin: str, text: str) -> Iterator[tuple[QueryPlace, Item]]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if rows.fieldnames is None or "sql" not in rows.fieldnames:
            raise InputError(f"{origin}: the first line must name the columns: {_columns_wanted(rows.fieldnames)}")
        for row in rows:
            place = QueryPlace(origin, rows.line_num)
            if None in row:
                raise InputError(f"{place} has more cells than the first line has columns")
            yield place, _from_row(place, {key: value for key, value in row.items() if value}, rows.line_num)
    except csv.Error as error:
        raise InputError(f"{origin}, line {rows.line_num} is not CSV: {error}") from error


def _columns_wanted(columns: Sequence[str] | None) -> str:
    first = (columns or [""])[0]
    separator = next((one for one in (";", "\t", "|") if one in first), None)
    hint = f"; here {separator!r} stands between the cells, and it must be a comma" if separator else ""
    return f"sql, and name or account if wanted{hint}"


def _from_row(place: QueryPlace, row: dict[str, object], number: int) -> Item:
    for field, value in row.items():
        if field not in FIELDS:
            raise InputError(f"{place}: unknown field {field!r}; a query has {', '.join(FIELDS)}")
        if value is not None and not isinstance(value, str):
            raise InputError(f"{place}: {field} must be text")
    if "sql" not in row:
        raise InputError(f"{place} has no sql")
    account = row.get("account")
    return Item(
        name=str(row.get("name") or f"query-{number:06d}"),
        sql=str(row["sql"]),
        account=str(account) if account else None,
    )


def _checked(origin: str, item: Item, account: str | None, most_sql_bytes: int) -> Item:
    check_name(origin, item.name)
    check_rendered(origin, item.sql)
    check_sql(origin, item.sql, most_sql_bytes)
    check_text(origin, "account", item.account or "")
    return Item(name=item.name, sql=item.sql, account=item.account or account)
