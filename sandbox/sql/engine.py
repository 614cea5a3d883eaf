"""Runs queries in DuckDB: checks one at the POST, and executes it into a CSV file later.

One in-memory database, built at start and locked; each query has its own cursor and runs in the thread that
calls it. `threads = 1` inside DuckDB is deliberate: with one thread a query without ORDER BY gives its rows in the
same order each time, which is what makes equal runs equal byte for byte. Parallelism is across queries.
"""

import csv
import io
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from forebay.sandbox import dataset
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.setting_choices import CsvTimes
from forebay.sandbox.sql import engine_words
from forebay.sandbox.sql.column_types import ResultColumn, type_name
from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.trino import Sight, position, translate

# RFC 4180 with LF, NULL as nothing, and timestamps as Sigma prints them: UTC, no zone, milliseconds.
_CSV = (
    "FORMAT csv, HEADER {header}, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '', "
    "TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S.%g'"
)
# How they may be printed else.
_OTHER_MOMENTS = {
    CsvTimes.SECONDS: "%Y-%m-%d %H:%M:%S",
    CsvTimes.NANOSECONDS: "%Y-%m-%d %H:%M:%S.%n",
    CsvTimes.ZULU: "%Y-%m-%dT%H:%M:%S.%gZ",
    CsvTimes.OFFSET: "%Y-%m-%d %H:%M:%S.%g+00:00",
}

_ZONELESS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_CANNOT_BIND = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


class EngineError(Exception):
    """Raised when a query that was accepted fails while it runs; the message is the engine's own."""


class InterruptedQueryError(Exception):
    """Raised in the executing thread after `Ticket.interrupt`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What a query gave, beside the file that holds it."""

    row_count: int
    """Without the header."""
    columns: tuple[ResultColumn, ...]


@dataclass(slots=True)
class Ticket:
    """A handle on one execution, so that a limit or the shutdown can stop it from another thread."""

    _cursor: duckdb.DuckDBPyConnection | None = None
    _interrupted: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def interrupt(self) -> None:
        """Stops the execution, or keeps it from beginning."""
        with self._lock:
            self._interrupted = True
            if self._cursor is not None:
                self._cursor.interrupt()

    @property
    def interrupted(self) -> bool:
        """Tells whether somebody wanted it stopped."""
        return self._interrupted

    @contextmanager
    def holding(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Lets `interrupt` reach the cursor; it is let go before it is closed, as a closed one refuses that."""
        with self._lock:
            if self._interrupted:
                raise InterruptedQueryError
            self._cursor = cursor
        try:
            yield
        finally:
            with self._lock:
                self._cursor = None


class Engine:
    """The database with its data, locked: queries can read the data, and nothing else."""

    def __init__(self, settings: SandboxSettings, spool: Path) -> None:
        self._database = duckdb.connect(config={"threads": 1})
        data_until = settings.data_until.replace(tzinfo=None).isoformat(sep=" ")
        dataset.build(
            self._database,
            seed=settings.seed,
            accounts=settings.accounts,
            scale=settings.data_scale,
            data_until=data_until,
        )
        self.tables = dataset.columns_by_table(self._database)
        self._lock_down(settings.engine_memory_mb, spool)

    def check(self, sql: str, sight: Sight) -> str:
        """Translates the query as DuckDB will run it; raises SqlRefusedError for what Stripe refuses at the POST."""
        translated = translate(sql, sight=sight, tables=self.tables)
        try:
            with self._cursor() as cursor:
                cursor.execute(f"EXPLAIN {translated}")
        except _CANNOT_BIND as exc:
            raise SqlRefusedError(engine_words.refused(str(exc), lambda word: position(sql, word))) from exc
        except duckdb.InvalidInputException as exc:
            if engine_words.is_of_scalars(str(exc)):
                raise SqlRefusedError(engine_words.refused(str(exc), lambda word: position(sql, word))) from exc
        except duckdb.Error:
            pass  # planning folds constants, so it may meet an error that Trino meets only when it runs the query
        return translated

    def execute(
        self, translated: str, target: Path, ticket: Ticket, moments: CsvTimes = CsvTimes.MILLISECONDS
    ) -> Executed:
        """Runs the query into `target` in bounded memory; leaves no file when it fails."""
        try:
            with self._cursor() as cursor, ticket.holding(cursor):
                described = cursor.execute(f"DESCRIBE {translated}").fetchall()
                names = [name for name, *_ in described]
                if form := _OTHER_MOMENTS.get(moments):
                    translated = _with_moments(translated, described, form)
                if len({name.lower() for name in names}) == len(names):
                    row_count = _copy(cursor, translated, target)
                else:
                    row_count = _copy_with(cursor, translated, target, names)
        except duckdb.InterruptException as exc:
            target.unlink(missing_ok=True)
            raise InterruptedQueryError from exc
        except duckdb.Error as exc:
            target.unlink(missing_ok=True)
            raise EngineError(engine_words.failed(str(exc))) from exc
        columns = (ResultColumn(name=name, type=type_name(kind)) for name, kind, *_ in described)
        return Executed(row_count=row_count, columns=tuple(columns))

    def close(self) -> None:
        """Lets the data go."""
        self._database.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._database.cursor()

    def _lock_down(self, memory_mb: int, spool: Path) -> None:
        self._database.execute(f"SET memory_limit = '{memory_mb}MB'")
        self._database.execute(f"SET temp_directory = '{spool / 'spill'}'")
        # int / int is an int in Trino, and dividing by zero is an error.
        self._database.execute("SET GLOBAL integer_division = true")
        self._database.execute("SET GLOBAL TimeZone = 'UTC'")
        # The second fence behind trino.py's refusals: no file but the spool's, no extension, no way back.
        self._database.execute(f"SET allowed_directories = ['{spool}']")
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")


def _with_moments(translated: str, described: Sequence[tuple[Any, ...]], form: str) -> str:
    """Makes texts of this form of all moments."""
    places = [f"c{place}" for place in range(len(described))]
    shown = (
        f"strftime(CAST({place} AS TIMESTAMP), '{form}')" if kind in _ZONELESS else place
        for place, (_, kind, *_) in zip(places, described, strict=True)
    )
    named = (
        f'{value} AS "{name.replace(chr(34), chr(34) * 2)}"' for value, (name, *_) in zip(shown, described, strict=True)
    )
    return f"SELECT {', '.join(named)} FROM ({translated}) AS rows_ ({', '.join(places)})"  # noqa: S608 - what it is made of was checked


def _copy(cursor: duckdb.DuckDBPyConnection, translated: str, target: Path, *, header: bool = True) -> int:
    """Writes the file; gives DuckDB's own count of its rows."""
    copied = cursor.execute(f"COPY ({translated}) TO '{target}' ({_CSV.format(header=header)}, USE_TMP_FILE false)")
    ((row_count,),) = copied.fetchall()
    return int(row_count)


def _copy_with(cursor: duckdb.DuckDBPyConnection, translated: str, target: Path, names: list[str]) -> int:
    """Writes the names of the columns itself: two of one name stay two, and DuckDB would number the second."""
    rows = target.with_suffix(".rows")
    try:
        row_count = _copy(cursor, translated, rows, header=False)
        with target.open("wb") as file, rows.open("rb") as body:
            text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
            csv.writer(text, lineterminator="\n").writerow(names)
            shutil.copyfileobj(body, file)
            text.detach()
        return row_count
    finally:
        rows.unlink(missing_ok=True)
