"""Finds the SQL of a definition: files, globs and inline text of the spec become named templates.

Read by `expand.py` and by whoever checks a spec without running it.
"""

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forebay.config.near_miss import did_you_mean
from forebay.scheduler.batches.query_lists import SUFFIXES
from forebay.scheduler.definitions.definition import Definition
from forebay.scheduler.errors import InputError, SourceError
from forebay.scheduler.sql.sqlfiles import paths, text_of
from forebay.store.key_rules import alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One query's text, before its values are in it."""

    name: str
    text: str
    origin: str
    """The file that it stands in."""
    first_line: int = 1
    """Where in that file the text begins."""


def definition_sources(definition: Definition) -> list[Source]:
    """Reads the SQL of a definition. Raises `InputError`."""
    written = definition.written

    def line_of(index: int | None) -> int:
        return definition.line_of("sql") if index is None else definition.line_of("sql", index)

    origin = str(written.document.path)
    return sql_sources(definition.spec.sql, definition.name, written.folder, origin=origin, line_of=line_of)


def tie_out_sources(definition: Definition, queries: Sequence[Source]) -> dict[str, Source]:
    """Reads what ties out each query, by the query's name; empty where `checks.tie_out` is not set.

    One text ties out all queries. A pattern has a file for each of them, of the same name. Raises `InputError`.
    """
    checks, written = definition.spec.checks, definition.written
    if checks is None or checks.tie_out is None:
        return {}
    where = f"{definition.section}.{definition.name}: checks.tie_out"
    origin, line = str(written.document.path), definition.line_of("checks", "tie_out")
    sources = sql_sources(checks.tie_out, "tie_out", written.folder, origin=origin, line_of=lambda _: line)
    if is_inline(checks.tie_out, written.folder) or not glob.has_magic(checks.tie_out):
        return {query.name: sources[0] for query in queries}
    by_name, names = {source.name: source for source in sources}, [query.name for query in queries]
    if strangers := [source for source in sources if source.name not in names]:
        hint = did_you_mean(strangers[0].name, names)
        why = f"{where}: {strangers[0].origin} ties out no query: none has its name{hint}"
        raise SourceError(origin, line, why)
    if missing := [query for query in names if query not in by_name]:
        why = f"{where}: nothing ties out {missing[0]!r}; {checks.tie_out} needs a file of that name"
        raise SourceError(origin, line, why)
    return by_name


def sql_sources(
    sql: str | list[str],
    name: str,
    folder: Path,
    *,
    origin: str = "the spec",
    line_of: Callable[[int | None], int] = lambda _: 1,
) -> list[Source]:
    """Reads sources in their order, with different names.

    A file gives its stem as the name; inline SQL the definition's `name`, numbered where it stands in a list with
    others. `origin` and `line_of` (of an index of the list) say where inline SQL stands. Raises `InputError`.
    """
    listed = [sql] if isinstance(sql, str) else sql
    sources: list[Source] = []
    for index, text in enumerate(listed):
        if is_inline(text, folder):
            own_name = name if len(listed) == 1 else f"{name}-{index + 1}"
            line = line_of(None if isinstance(sql, str) else index)
            # A block of several lines begins below its key.
            sources.append(Source(name=own_name, text=text, origin=origin, first_line=line + ("\n" in text)))
        else:
            try:
                sources += [_of_file(path) for path in paths(text, folder)]
            except InputError as error:
                raise SourceError(origin, line_of(None if isinstance(sql, str) else index), str(error)) from error
    if not sources:
        raise InputError(f"{name}: there are no queries in its sql")
    try:
        _refuse_doubles(name, sources)
    except InputError as error:
        raise SourceError(origin, line_of(None), str(error)) from error
    return sources


def is_inline(sql: str, folder: Path) -> bool:
    """Says whether a string of the spec is SQL itself: it has a blank or a line break, and is not a file's name."""
    if len(sql.split(maxsplit=1)) < 2 or sql.rstrip().endswith(".sql"):
        return False
    try:
        return not (folder / sql).is_file()
    except OSError:  # longer than a file's name can be
        return True


def _of_file(path: Path) -> Source:
    if path.suffix.lower() in SUFFIXES:  # as SQL a list would only be refused by Stripe, query by query
        raise InputError(
            f"{path} is no SQL file; lists of queries are handed in on the command line: forebay run {path}"
        )
    return Source(name=path.stem, text=text_of(path), origin=str(path))


def _refuse_doubles(name: str, sources: list[Source]) -> None:
    seen: dict[str, str] = {}
    for source in sources:
        place = alike(source.name)
        if place in seen:
            raise InputError(
                f"{name}: {source.origin} and {seen[place]} are both named {source.name!r}, "
                "upper and lower case alike; results would collide"
            )
        seen[place] = source.origin
