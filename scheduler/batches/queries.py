"""Reads what a user hands in, as queries: SQL files, globs, standard input, lists of {sql, name, account}.

Everything is checked here, before anything is accepted; an error names the file, and the line where there is one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from forebay.scheduler.batches.query_lists import SUFFIXES, ListForm, form_of, read_list
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.query_text import check_name, check_rendered, check_sql, check_text, without_end
from forebay.scheduler.sql.sqlfiles import not_utf8, paths, text_of
from forebay.store.key_rules import alike
from forebay.store.ledger.records import Item

#: Where paths count from, if nobody says otherwise.
HERE = Path()
STANDARD_INPUT = "standard input"


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

    A file is a list of queries by its suffix (`query_lists.py`); one with `.sql` or without a suffix is one query,
    named for the file; others are refused. Standard input is a list if it begins as one, else one query named `query`.
    Raises `InputError`.
    """
    return _unlike(read_placed(sources, stdin=stdin, account=account, most_sql_bytes=most_sql_bytes, folder=folder))


def of_rows(rows: Iterable[Mapping[str, str]], *, account: str | None, most_sql_bytes: int) -> Iterator[Item]:
    """Reads items that were handed in one by one, each with the fields of a list's row. Raises `InputError`."""
    return _unlike(
        (QueryPlace(f"query {number}"), _checked(f"query {number}", _of_row(row, number), account, most_sql_bytes))
        for number, row in enumerate(rows, start=1)
    )


def _unlike(placed: Iterable[tuple[QueryPlace, Item]]) -> Iterator[Item]:
    """Yields the items, without what may stand behind a query. Raises `InputError` for two of a name, and for none."""
    seen: dict[tuple[str, str], QueryPlace] = {}
    for place, item in placed:
        key = place_of(item)
        if key in seen:
            raise InputError(f"{place}: {taken(item, seen[key])}")
        seen[key] = place
        yield replace(item, sql=without_end(item.sql))
    if not seen:
        raise InputError("there are no queries in the input")


def place_of(item: Item) -> tuple[str, str]:
    """Says what items have in common whose results would be one file: on some disks `Fees` and `fees` are."""
    return alike(item.account or ""), alike(item.name)


def taken(item: Item, first: QueryPlace) -> str:
    """Tells of an item whose name another has."""
    return f"the name {item.name!r} is taken by {first}, upper and lower case alike; results would collide"


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
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        yield from _from_list(str(path), text_of(path), SUFFIXES[suffix])
    elif suffix in ("", ".sql"):
        yield QueryPlace(str(path)), Item(name=path.stem, sql=text_of(path), account=None)
    else:
        raise InputError(f"{path}: a query is a .sql file, and a list of them one of {', '.join(SUFFIXES)}")


def _read(stdin: TextIO) -> str:
    try:
        return stdin.read().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(not_utf8(STANDARD_INPUT, error)) from error


def _from_stdin(text: str) -> Iterator[tuple[QueryPlace, Item]]:
    form = form_of(text)
    if form:
        yield from _from_list(STANDARD_INPUT, text, form)
    else:
        yield QueryPlace(STANDARD_INPUT), Item(name="query", sql=text, account=None)


def _from_list(origin: str, text: str, form: ListForm) -> Iterator[tuple[QueryPlace, Item]]:
    for line, number, fields in read_list(origin, text, form):
        yield QueryPlace(origin, line), _of_row(fields, number)


def _of_row(fields: Mapping[str, str], number: int) -> Item:
    """Makes an item of a row; `number` names it where it has no name."""
    return Item(name=fields.get("name", f"query-{number:06d}"), sql=fields["sql"], account=fields.get("account"))


def _checked(origin: str, item: Item, account: str | None, most_sql_bytes: int) -> Item:
    check_name(origin, item.name)
    check_rendered(origin, item.sql)
    check_sql(origin, item.sql, most_sql_bytes)
    check_text(origin, "account", item.account or "")
    return Item(name=item.name, sql=item.sql, account=item.account or account)
