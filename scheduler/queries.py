"""Reads what a user hands in, as queries: SQL files, globs, standard input, NDJSON or CSV of {sql, name, account}.

Everything is checked here, before anything is accepted; an error names the file, and the line where there is one.
"""

import csv
import glob
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from scheduler.errors import InputError
from store.records import Item

#: What a row may say; anything else is a misspelling that would silently change what is run.
FIELDS = ("sql", "name", "account")


def read(sources: Iterable[str], *, stdin: TextIO, account: str | None, most_sql_bytes: int) -> Iterator[Item]:
    """Items of all sources in their order; `-` is standard input.

    A `.ndjson`, `.jsonl` or `.csv` file is a list of queries; any other file is one query, named for the file.
    Standard input is a list if it begins as one, else one query named `query`. Raises `InputError`.
    """
    seen: dict[tuple[str | None, str], str] = {}
    for origin, item in _items(sources, stdin):
        checked = _checked(origin, item, account, most_sql_bytes)
        key = (checked.account, checked.name)
        if key in seen:
            raise InputError(f"{origin}: the name {checked.name!r} is taken by {seen[key]}; results would collide")
        seen[key] = origin
        yield checked
    if not seen:
        raise InputError("there are no queries in the input")


def _items(sources: Iterable[str], stdin: TextIO) -> Iterator[tuple[str, Item]]:
    for source in sources:
        if source == "-":
            yield from _from_stdin(_read(stdin))
            continue
        for path in _paths(source):
            yield from _from_file(path)


def _paths(source: str) -> list[Path]:
    """One file, or what a glob matches: shells pass a pattern on as it is when nothing matches it."""
    if Path(source).is_file():
        return [Path(source)]
    if Path(source).is_dir():
        raise InputError(f"{source} is a folder; name its files, for example {source.rstrip('/')}/*.sql")
    # glob and not Path.glob: the pattern may be absolute.
    found = sorted(Path(match) for match in glob.glob(source, recursive=True) if Path(match).is_file())  # noqa: PTH207
    if not found and glob.has_magic(source):
        raise InputError(f"no file matches {source}")
    if not found:
        raise InputError(f"there is no file {source}")
    return found


def _from_file(path: Path) -> Iterator[tuple[str, Item]]:
    try:
        # As bytes: reading as text would turn CRLF into LF, and SQL is kept byte for byte. A BOM is no SQL.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if path.suffix in (".ndjson", ".jsonl"):
        yield from _from_ndjson(str(path), text)
    elif path.suffix == ".csv":
        yield from _from_csv(str(path), text)
    else:
        yield str(path), Item(name=path.stem, sql=text, account=None)


def _read(stdin: TextIO) -> str:
    try:
        return stdin.read()
    except UnicodeDecodeError as error:
        raise InputError(f"standard input is not UTF-8 text (byte {error.start})") from error


def _from_stdin(text: str) -> Iterator[tuple[str, Item]]:
    first_line = text.lstrip().partition("\n")[0]
    if first_line.startswith("["):
        raise InputError("standard input is a JSON array; give one object a line, for example with jq -c '.[]'")
    if first_line.startswith("{"):
        yield from _from_ndjson("standard input", text)
    elif {cell.strip() for cell in first_line.split(",")} <= {*FIELDS} and "sql" in first_line:
        yield from _from_csv("standard input", text)
    else:
        yield "standard input", Item(name="query", sql=text, account=None)


def _from_ndjson(origin: str, text: str) -> Iterator[tuple[str, Item]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{origin}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{place} is not JSON: {error.msg} at character {error.colno}") from error
        if not isinstance(row, dict):
            raise InputError(f'{place} is not an object like {{"sql": "SELECT …", "name": "fees"}}')
        yield place, _from_row(place, row, number)


def _from_csv(origin: str, text: str) -> Iterator[tuple[str, Item]]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if rows.fieldnames is None or "sql" not in rows.fieldnames:
            raise InputError(f"{origin}: the first line must name the columns: sql, and name or account if wanted")
        for row in rows:
            place = f"{origin}, line {rows.line_num}"
            if None in row:
                raise InputError(f"{place} has more cells than the first line has columns")
            yield place, _from_row(place, {key: value for key, value in row.items() if value}, rows.line_num)
    except csv.Error as error:
        raise InputError(f"{origin}, line {rows.line_num} is not CSV: {error}") from error


def _from_row(place: str, row: dict[str, object], number: int) -> Item:
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
    for field, value in (("name", item.name), ("sql", item.sql), ("account", item.account or "")):
        if not _is_text(value):
            raise InputError(
                f"{origin}: {field} holds half a character (a lone surrogate), which no encoding can write"
            )
    if not item.sql.strip():
        raise InputError(f"{origin}: the SQL is empty")
    size = len(item.sql.encode())
    if size > most_sql_bytes:
        raise InputError(
            f"{origin}: the SQL has {size:,} bytes, more than the {most_sql_bytes:,} allowed; "
            "FOREBAY_MAX_SQL_BYTES raises the bound if Stripe takes more"
        )
    return Item(name=item.name, sql=item.sql, account=item.account or account)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
