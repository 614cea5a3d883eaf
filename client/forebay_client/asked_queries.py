"""Reads what is to be asked: SQL from texts, files and globs, as queries with names."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from forebay_client.errors import InputRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a batch."""

    sql: str
    name: str | None = None
    """Its result's file is called so; `query-000001` and on where nothing is said."""
    account: str | None = None
    """Whom it asks about, where that is not who asks."""


#: Queries as `submit` takes them: values, or SQL by name.
Queries = Iterable[Query] | Mapping[str, str]


def queries(*files: str | PathLike[str], account: str | None = None) -> list[Query]:
    """Reads SQL files, by paths and globs, each a query that is called as its file. Raises `InputRefused`."""
    read = []
    for path in _paths(files):
        try:
            read.append(Query(sql=path.read_text("utf-8"), name=path.stem, account=account))
        except (OSError, UnicodeDecodeError) as error:
            raise InputRefused(f"{path} cannot be read: {error}", kind="input") from error
    return read


def query_facts(asked: Queries) -> list[dict[str, Any]]:
    """Writes queries as the API takes them. Raises `InputRefused`."""
    if isinstance(asked, Mapping):
        asked = [Query(sql=sql, name=name) for name, sql in asked.items()]
    facts = []
    for each in asked:
        if not isinstance(each, Query):
            raise InputRefused(f"{each!r} is no Query; write Query(sql=…), or {{name: sql}}", kind="input")
        named = {"name": each.name, "account": each.account}
        facts.append({"sql": each.sql, **{name: value for name, value in named.items() if value is not None}})
    if not facts:
        raise InputRefused("there is no query to submit", kind="input")
    return facts


def _paths(files: Iterable[str | PathLike[str]]) -> Iterator[Path]:
    for each in files:
        pattern = fspath(each)
        found = sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207 - theirs may be absolute
        if not found:
            raise InputRefused(f"no file is like {pattern}", kind="input")
        yield from map(Path, found)
