"""Reads the corpus: queries in the manner of Stripe Sigma, each with what must come of it, in `corpus/*.sql`.

A line `-- # name` begins one. Behind its SQL may stand `-- judged: error RULE` or `warning RULE` (else nothing but what
runs and surprises is said of it), and `-- sandbox: refused words of the message` (else it runs there).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from forebay.sandbox import dataset
from forebay.scheduler.sql.trino.selects import Tables

_FOLDER = Path(__file__).with_name("corpus")
_SAYS = re.compile(r"^-- (judged|sandbox): (.*)\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusQuery:
    """One query, and what is expected."""

    name: str
    sql: str
    severity: str | None
    """`error`, `warning` or nothing to say."""
    rule: str | None
    refused: str | None
    """Words of the sandbox's message; None where it runs."""


def corpus() -> list[CorpusQuery]:
    """Reads all of it, in the order of its files."""
    return [query for path in sorted(_FOLDER.glob("*.sql")) for query in _read(path)]


def sandbox_tables() -> Tables:
    """Lists the sandbox's tables, whose names and types are Sigma's: the schema of the corpus."""
    with duckdb.connect(config={"threads": 1}) as database:
        dataset.build(database, seed=1, accounts=1, scale=1, data_until="2026-11-01 00:00:00")
        listed = dataset.columns_by_table(database)
    return {table: {column.name: column.type.lower() for column in columns} for table, columns in listed.items()}


def _read(path: Path) -> Iterator[CorpusQuery]:
    for part in re.split(r"^-- # ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        says = dict(_SAYS.findall(body))
        severity, _, rule = says.get("judged", "").partition(" ")
        verdict, _, words = says.get("sandbox", "runs").partition(" ")
        yield CorpusQuery(
            name=f"{path.stem}: {name}",
            sql=_SAYS.sub("", body).strip(),
            severity=severity or None,
            rule=rule or None,
            refused=words if verdict == "refused" else None,
        )
