"""Shows the runs of a batch page by page, or all that is known of one run: `forebay show`."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, NoReturn

import typer
from rich.table import Table

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.batch_facts import batch_facts
from forebay.cli.following.batch_list import BatchStanding, standing_of
from forebay.cli.following.causes import deployment_causes, lost
from forebay.cli.following.evidence import evidence
from forebay.cli.following.run_details import Manifests, PartsProgress, RunDetails
from forebay.cli.output import closings, events, plain_text, words
from forebay.cli.output.batch_state import BatchState
from forebay.cli.output.cause import Cause
from forebay.cli.output.plain_text import styled
from forebay.config.printable import printable, printable_lines
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch, finest
from forebay.scheduler.batches.progress import RunRow
from forebay.scheduler.errors import InputError
from forebay.store.ledger.records import Batch

_READ_AT_ONCE = 500
#: From so many columns on there is room for all that a page of runs can say.
WIDE_COLUMNS = 110
_LEAST_OUTCOME, _MOST_OUTCOME = 24, 160
#: What may be more than a line of the page of one run.
_LONG = ("message", "sql")


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

    def next(self, batch: str, name: str | None) -> str:
        """Spells the command that shows the next page of the same."""
        wanted = (f" {name}" if name else "") + (" --failed" if self.failed else "")
        return f"forebay show {batch}{wanted} --limit {self.limit} --page {self.page + 1}"

    def check(self, what: str, runs: int) -> None:
        """Raises `InputError` for a page behind the last one."""
        pages = max(1, -(-runs // self.limit))
        if self.page > pages:
            kind = "failed " if self.failed else ""
            of = f"{words.counted(runs, f'{kind}run')}, {self.limit} a page"
            raise InputError(f"{what} has {words.counted(pages, 'page')} ({of}), so there is no page {self.page}")


def show(
    batch: options.BatchId,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One query, by its name or account/name.")] = None,
    *,
    page: PageOptions,
    as_json: options.Json = False,
) -> int:
    """Show a batch's runs, or all that is known of one.

    Of each run its state, attempt, QueryRun, and where the result is or why there is none.

    Of one run also its SQL, its times and the whole cause of a failure.
    """
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        standing = standing_of(deployment, record)
        if name is None:
            page.check(f"batch {batch}", standing.progress.failed if page.failed else standing.progress.size)
        # One more than a page: whether there is a next one.
        rows = list(_rows_of_page(deployment, record, name, page, most=page.limit + 1))
        in_parts, manifests = finest(deployment.ledger, record), Manifests(record, deployment.store)
        runs = [
            RunDetails(row, manifests, _parts(deployment, in_parts.get((row.lane, row.index))))
            for row in rows[: page.limit]
        ]
        if name and not runs:
            _refuse_nothing(batch, name, page, sum(1 for _ in _named(deployment, record, name, page)))
        causes = _in_the_way(deployment, standing)
    code = Exit.SOME_FAILED if manifests.trouble else Exit.OK
    _print(standing, runs, one=bool(name), as_json=as_json)
    events.tell_causes(causes, as_json=as_json)
    if as_json:
        trouble = {"message": manifests.trouble} if manifests.trouble else {}
        events.result(
            code, batch=batch, runs=len(runs), more=len(rows) > page.limit, **batch_facts(standing), **trouble
        )
        return code
    if manifests.trouble:
        plain_text.remark(manifests.trouble)
    if len(rows) > page.limit:
        plain_text.remark(f"page {page.page}; the next one: {page.next(batch, name)}")
    return code


def _in_the_way(deployment: Deployment, standing: BatchStanding) -> list[Cause]:
    if standing.state.settled:
        return []
    of_batch = lost(standing.batch) if standing.state is BatchState.LOST else ()
    batch = standing.batch
    seen = evidence(deployment, batch=batch.id, waits=batch.policy).of(batch.id)
    return [*deployment_causes(seen), *of_batch]


def _rows_of_page(
    deployment: Deployment, batch: Batch, name: str | None, page: PageOptions, *, most: int
) -> Iterator[RunRow]:
    """Reads a page of rows, and none of those before it wherever that can be."""
    if name:
        return islice(_named(deployment, batch, name, page), page.first, page.first + most)
    if page.failed:
        return islice(deployment.reader.failed(batch), page.first, page.first + most)
    return deployment.reader.rows(batch, page.first, page.first + most)


def _named(deployment: Deployment, batch: Batch, name: str, page: PageOptions) -> Iterator[RunRow]:
    rows = deployment.reader.failed(batch) if page.failed else _rows(deployment, batch)
    return (row for row in rows if name in (row.name, _name(row)))


def _refuse_nothing(batch: str, name: str, page: PageOptions, found: int) -> NoReturn:
    """Raises `InputError`, which says why there is nothing to show of a name."""
    if found:
        page.check(f"query {name!r} of batch {batch}", found)
    of = "no run of that name that failed" if page.failed else "no query of that name"
    raise InputError(f"batch {batch} has {of}, {name!r}; `forebay show {batch}` lists them")


def _parts(deployment: Deployment, batch: Batch | None) -> PartsProgress | None:
    return PartsProgress(batch=batch.id, progress=deployment.reader.progress(batch)) if batch else None


def _rows(deployment: Deployment, batch: Batch) -> Iterator[RunRow]:
    """Reads all runs in pages, so that the first ones are there before the last are looked up."""
    size = batch.size
    for start in range(0, size, _READ_AT_ONCE):
        yield from deployment.reader.rows(batch, start, min(start + _READ_AT_ONCE, size))


def _name(row: RunRow) -> str:
    return f"{row.account}/{row.name}" if row.account else row.name


def _print(standing: BatchStanding, runs: list[RunDetails], *, one: bool, as_json: bool) -> None:
    if as_json:
        for run in runs:
            events.emit("run", **run.facts(with_sql=one))
    elif one:
        for run in runs:
            _print_facts(run)
    else:
        _print_page(standing, runs)


def _print_facts(run: RunDetails) -> None:
    console, facts = plain_text.stdout(), run.facts(with_sql=True)
    failure = facts.pop("failure", None)
    if run.parts:
        facts["parts"] = run.outcome
    if by_account := facts.pop("by_account", None):
        records = {each["account"] or "under no account": each for each in by_account}
        facts |= {name: f"{each['records']:,} records  {words.place(each['result'])}" for name, each in records.items()}
    for key, value in {**facts, **(failure or {}), "sql": facts["sql"]}.items():
        if value is None:
            continue
        lines = printable_lines(str(value)) if key in _LONG else [str(value)]
        for number, line in enumerate(lines):
            console.print(styled((f"{'' if number else key:<12} ", "dim"), line))


def _print_page(standing: BatchStanding, runs: list[RunDetails]) -> None:
    batch, progress, console = standing.batch, standing.progress, plain_text.stdout()
    console.print(styled((batch.id, "bold"), f"  {standing.state.words}, {words.runs(progress.size)}"))
    end = standing.closing
    folders = closings.places(batch, end)
    plain_text.wrapped(styled((f"{batch.source} → {' and '.join(folders)}", "dim")), console)
    console.print(styled((f"accepted {batch.created_at:%Y-%m-%d %H:%M} UTC", "dim")))
    for line in closings.lines(batch, end) if end else closings.standing(batch, progress, standing.stop):
        plain_text.wrapped(line, console)
    if runs:
        table, is_cut = _table(runs, folders[0], console.width)
        console.print(plain_text.whole(table, console))
        if is_cut:
            plain_text.remark(f"a reason that is cut is whole in: forebay show {batch.id} NAME")


def _table(runs: list[RunDetails], folder: str, width: int) -> tuple[Table, bool]:
    """Makes the page, which fits the terminal: where it is narrow, reasons are cut and details left out.

    Of a result in `folder`, which the head of the page names, only the rest of the place is shown. Says whether a
    reason was cut.
    """
    wide = width >= WIDE_COLUMNS
    rows = [
        (printable(run.name), run.state, *((str(run.attempt), run.query_run or "") if wide else ())) for run in runs
    ]
    names = ("name", "state", *(("attempt", "query run") if wide else ()))
    table = plain_text.table(*names, "result or reason")
    taken = sum(max(map(len, column)) + 2 for column in zip(names, *rows, strict=True))
    room = min(_MOST_OUTCOME, max(_LEAST_OUTCOME, width - taken))
    shown = [words.first_line(printable(run.outcome.removeprefix(folder)), room) for run in runs]
    for row, outcome in zip(rows, shown, strict=True):
        table.add_row(*row, outcome)
    return table, any(outcome.endswith("…") for outcome in shown)
