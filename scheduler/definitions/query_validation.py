"""Checks queries that are handed in as files or lists, without running anything: `forebay validate queries/*.sql`.

They get what the queries of a spec get (`validation.py`), but for what only a definition can say.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TextIO

from forebay.scheduler.batches.queries import STANDARD_INPUT, QueryPlace, place_of, read_placed, taken
from forebay.scheduler.definitions.validation import Remark, Validation
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.sqlfiles import paths
from forebay.scheduler.sql.trino.judge import judge
from forebay.scheduler.sql.trino.selects import Tables
from forebay.store.ledger.records import Item


def validate_queries(
    sources: Sequence[str], *, stdin: TextIO, account: str | None, most_sql_bytes: int, tables: Tables | None
) -> Validation:
    """Checks every query of the sources, each file for itself: one that cannot be read hides no other.

    `tables`: the schema, where one is known. Raises `InputError` for a source that names no file.
    """
    remarks: list[Remark] = []
    unread = 0
    seen: dict[tuple[str, str], QueryPlace] = {}
    for file in _files(sources):
        before = len(seen) + len(remarks)
        try:
            for place, item in read_placed([file], stdin=stdin, account=account, most_sql_bytes=most_sql_bytes):
                key = place_of(item)
                if key in seen:
                    remarks.append(_error(place, "name", taken(item, seen[key])))
                seen.setdefault(key, place)
                remarks += _findings(place, item, tables)
        except InputError as error:
            unread += 1
            remarks.append(_unread(file, str(error)))
        else:
            if len(seen) + len(remarks) == before:
                remarks.append(_unread(file, "it names no query"))
    return Validation(definitions=0, queries=len(seen) + unread, remarks=tuple(remarks))


def _files(sources: Sequence[str]) -> Iterator[str]:
    for source in sources:
        yield from ["-"] if source == "-" else map(str, paths(source))


def _findings(place: QueryPlace, item: Item, tables: Tables | None) -> Iterator[Remark]:
    for finding in judge(item.sql, tables=tables):
        # A list's row is a line of the list, whatever line of its SQL is meant.
        line, of = (finding.line, "") if place.line is None else (place.line, f"{item.name}: ")
        yield Remark(file=place.file, line=line, rule=finding.rule, severity=finding.severity, text=of + finding.text)


def _unread(file: str, text: str) -> Remark:
    """Makes a remark of why a file cannot be read, which begins with its name, and the line if there is one."""
    name = STANDARD_INPUT if file == "-" else file
    place = re.match(rf"{re.escape(name)}(?:, line (\d+))?:? ", text)
    line, why = (int(place[1] or 1), text[place.end() :]) if place else (1, text)
    return Remark(file=name, line=line, rule="input", severity=Severity.ERROR, text=why)


def _error(place: QueryPlace, rule: str, text: str) -> Remark:
    return Remark(file=place.file, line=place.line or 1, rule=rule, severity=Severity.ERROR, text=text)
