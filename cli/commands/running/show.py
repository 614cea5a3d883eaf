"""Shows the runs of a batch page by page, or all that is known of one run: `forebay show`."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table

from forebay.cli import options
from forebay.cli.commands.running.ls import state
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import closings, events, plain_text, words
from forebay.cli.output.plain_text import styled
from forebay.config.settings import Settings
from forebay.governor.states import RunState
from forebay.landing.manifest import SUFFIX, Manifest, read_manifest
from forebay.landing.result_paths import stems
from forebay.scheduler.batches.lookup import find_batch, finest
from forebay.scheduler.batches.progress import Progress, RunRow
from forebay.scheduler.errors import InputError
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch

_READ_AT_ONCE = 500
#: From so many columns on there is room for all that a page of runs can say.
WIDE_COLUMNS = 110
_LEAST_OUTCOME, _MOST_OUTCOME = 24, 160


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """Which runs are shown."""

    page: Annotated[int, typer.Option(min=1, metavar="N")] = 1
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Runs a page.")] = 50
    failed: Annotated[bool, options.flag("--failed", "Only runs that failed.")] = False

    @property
    def first(self) -> int:
        """Counts the runs before this page."""
        return (self.page - 1) * self.limit

    def next(self, batch: str) -> str:
        """Spells the command that shows the next page."""
        failed = " --failed" if self.failed else ""
        return f"forebay show {batch}{failed} --limit {self.limit} --page {self.page + 1}"


def show(
    batch: options.BatchId,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One query, by its name or account/name.")] = None,
    *,
    page: PageOptions,
    as_json: options.Json = False,
) -> int:
    """Show a batch's runs, or all that is known of one.

    Of each run its state, attempt, QueryRun, and where the result is or why there is none.
    """
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        # One more than a page: whether there is a next one.
        rows = list(_rows_of_page(deployment, record, name, page, most=page.limit + 1))
        in_parts = finest(deployment.ledger, record)
        with closing(deployment.store(record.output)) as store:
            runs = [
                RunDetails(store, record, row, _parts(deployment, in_parts.get((row.lane, row.index))))
                for row in rows[: page.limit]
            ]
        if name and not runs:
            raise InputError(f"batch {batch} has no query {name!r}; `forebay show {batch}` lists them")
        _print(deployment, record, runs, one=bool(name), as_json=as_json)
        if len(rows) > page.limit and not as_json:
            plain_text.remark(f"page {page.page}; the next one: {page.next(batch)}")
    return Exit.OK


def _rows_of_page(
    deployment: Deployment, batch: Batch, name: str | None, page: PageOptions, *, most: int
) -> Iterator[RunRow]:
    """Reads a page of rows, and none of those before it wherever that can be."""
    if name:
        named = (row for row in _rows(deployment, batch) if name in (row.name, _name(row)))
        return islice(named, page.first, page.first + most)
    if page.failed:
        return islice(deployment.reader.failed(batch), page.first, page.first + most)
    return deployment.reader.rows(batch, page.first, page.first + most)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsProgress:
    """How the parts of a run stand."""

    batch: str
    progress: Progress


def _parts(deployment: Deployment, batch: Batch | None) -> PartsProgress | None:
    return PartsProgress(batch=batch.id, progress=deployment.reader.progress(batch)) if batch else None


class RunDetails:
    """A run with everything that is known of it; its manifest is read when it has landed."""

    def __init__(self, store: Store, batch: Batch, row: RunRow, parts: PartsProgress | None) -> None:
        self.row = row
        # A run that was cut stays failed, and a retry of the whole may have made it otherwise.
        self.parts = parts if row.state is RunState.FAILED else None
        self.manifest: Manifest | None = None
        self.manifest_url: str | None = None
        for stem in stems(batch, row.item) if row.state is RunState.LANDED else ():
            self.manifest = read_manifest(store, stem)
            if self.manifest:
                self.manifest_url = store.url_of(stem + SUFFIX)
                break

    @property
    def attempt(self) -> int:
        known = self.manifest or self.row.live or self.row.failure
        return known.attempt if known else 0

    @property
    def query_run(self) -> str | None:
        known = self.manifest or self.row.live or self.row.failure
        return known.query_run if known else None

    @property
    def state(self) -> str:
        return "in parts" if self.parts else str(self.row.state)

    @property
    def outcome(self) -> str:
        """Says where the result is, or why there is none (yet)."""
        if self.manifest:
            return words.place(self.manifest.object.url)
        if self.parts:
            landed = f"{self.parts.progress.landed} of " if self.parts.progress.known else ""
            return f"{landed}{self.parts.progress.size} parts landed: forebay show {self.parts.batch}"
        if self.row.failure:
            return f"{self.row.failure.error_class}: {self.row.failure.message}"
        return (self.row.live and self.row.live.trouble) or ""

    def facts(self) -> dict[str, Any]:
        """Names all that is known of it, for JSON and for the page of one run."""
        row = self.row
        facts: dict[str, Any] = {"name": row.name, "account": row.account, "state": row.state, "attempt": self.attempt}
        facts |= {"query_run": self.query_run, "lane": row.lane}
        if self.manifest:
            done = self.manifest.object
            facts |= {"result": done.url, "format": done.format, "bytes": done.bytes, "sha256": done.sha256}
            facts |= {"records": self.manifest.csv.records, "manifest": self.manifest_url}
        if self.parts:
            progress = self.parts.progress
            facts |= {"parts": {"batch": self.parts.batch, "of": progress.size, "landed": progress.landed}}
        if row.failure:
            facts |= {"failure": events.failure(row.failure)}
        if row.live and row.live.trouble:
            facts |= {"trouble": row.live.trouble, "tries": row.live.tries}
        return facts


def _rows(deployment: Deployment, batch: Batch) -> Iterator[RunRow]:
    """Reads all runs in pages, so that the first ones are there before the last are looked up."""
    size = batch.size
    for start in range(0, size, _READ_AT_ONCE):
        yield from deployment.reader.rows(batch, start, min(start + _READ_AT_ONCE, size))


def _name(row: RunRow) -> str:
    return f"{row.account}/{row.name}" if row.account else row.name


def _print(deployment: Deployment, batch: Batch, runs: list[RunDetails], *, one: bool, as_json: bool) -> None:
    if as_json:
        for run in runs:
            events.emit("run", **run.facts())
        events.result(Exit.OK, batch=batch.id, runs=len(runs), **_batch_facts(deployment, batch))
    elif one:
        for run in runs:
            _print_facts(run)
    else:
        _print_page(deployment, batch, runs)


def _batch_facts(deployment: Deployment, batch: Batch) -> dict[str, Any]:
    """Names what concerns the batch as a whole."""
    progress = deployment.reader.progress(batch)
    return {
        "state": state(progress),
        "paused": progress.paused.reason if progress.paused and not progress.done else None,
        "canary_out": progress.canary_out and not progress.done,
        **(closings.facts(deployment.ledger.closing(batch.id)) if batch.policy else {}),
    }


def _print_facts(run: RunDetails) -> None:
    facts = run.facts()
    failure = facts.pop("failure", None)
    if run.parts:
        facts["parts"] = run.outcome
    for key, value in (facts | (failure or {})).items():
        if value is not None:
            plain_text.stdout().print(styled((f"{key:<11}", "dim"), str(value)))


def _print_page(deployment: Deployment, batch: Batch, runs: list[RunDetails]) -> None:
    progress = deployment.reader.progress(batch)
    console = plain_text.stdout()
    end = deployment.ledger.closing(batch.id) if batch.policy else None
    stop = deployment.ledger.stop(batch.id) if batch.policy else None
    console.print(styled((batch.id, "bold"), f"  {state(progress)}, {words.runs(progress.size)}"))
    folders = closings.places(batch, end)
    console.print(styled((f"{batch.source} → {' and '.join(folders)}", "dim")))
    for line in closings.lines(batch, end) if end else closings.standing(batch, progress, stop):
        console.print(line)
    if runs:
        console.print(plain_text.whole(_table(runs, folders[0], console.width), console))


def _table(runs: list[RunDetails], folder: str, width: int) -> Table:
    """Makes the page, which fits the terminal: where it is narrow, reasons are cut and details left out.

    Of a result in `folder`, which the head of the page names, only the rest of the place is shown.
    """
    wide = width >= WIDE_COLUMNS
    rows = [(_name(run.row), run.state, *((str(run.attempt), run.query_run or "") if wide else ())) for run in runs]
    names = ("name", "state", *(("attempt", "query run") if wide else ()))
    table = plain_text.table(*names, "result or reason")
    taken = sum(max(map(len, column)) + 2 for column in zip(names, *rows, strict=True))
    room = min(_MOST_OUTCOME, max(_LEAST_OUTCOME, width - taken))
    for row, run in zip(rows, runs, strict=True):
        table.add_row(*row, words.first_line(run.outcome.removeprefix(folder), room))
    return table
