"""Lists the newest batches and how they stand: `forebay ls`."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.embedded import demo_folder
from forebay.cli.exits import Exit
from forebay.cli.following.batch_facts import batch_counts, listed_facts
from forebay.cli.following.batch_list import BatchList, ListedBatch
from forebay.cli.following.causes import budget_cause, deployment_causes, lost
from forebay.cli.following.evidence import evidence, used_up_budgets
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.batch_state import BatchState
from forebay.cli.output.cause import Cause
from forebay.config.near_miss import did_you_mean
from forebay.config.periods import Period
from forebay.config.settings import Settings

#: From so many columns on there is room for sizes and what was canceled, too.
WIDE_COLUMNS = 90
#: With a filter so many batches are looked through at most: each is read from the ledger.
MOST_SEARCHED = 2_000


def _state(text: str) -> BatchState:
    try:
        return BatchState(text.replace(" ", "_"))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no state of a batch{did_you_mean(text, BatchState)}") from None


def _moment(text: str) -> datetime:
    """Reads `7d`, `12h`, or a local date or time."""
    with suppress(ValueError):
        return datetime.now(UTC) - Period.parse(text).elapsed
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"'{text}' is neither an age such as 12h or 7d nor a date such as 2026-11-01"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """Which batches are listed."""

    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many, newest first.")] = 20
    state: Annotated[
        BatchState | None, typer.Option(parser=_state, metavar="STATE", help="Only those in this state.")
    ] = None
    since: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="7d|DATE", help="Only those accepted since.")
    ] = None
    name: Annotated[str, typer.Option(metavar="TEXT", help="Only those with it in id or source.")] = ""

    @property
    def filtered(self) -> bool:
        return bool(self.state or self.since or self.name)

    @property
    def longer(self) -> str:
        """Spells the command that lists more of the same."""
        since = self.since.isoformat(timespec="seconds") if self.since else ""
        wanted = {"--limit": str(self.limit * 5), "--state": self.state or "", "--since": since, "--name": self.name}
        return " ".join(
            ["forebay ls", *(f"{option} {shlex.quote(value)}" for option, value in wanted.items() if value)]
        )


def ls(wanted: ListOptions, *, as_json: options.Json = False) -> int:
    """List batches, newest first."""
    with open_deployment(Settings()) as deployment:
        batches = BatchList(deployment, wanted.limit, most_read=MOST_SEARCHED if wanted.filtered else None)
        found = batches.newest(wanted.since, wanted.name)
        fitting = (listed for listed in found if wanted.state in (None, listed.state))
        # One more than is shown: whether there is a next one.
        rows = list(islice(fitting, wanted.limit + 1))
        more, rows = len(rows) > wanted.limit, rows[: wanted.limit]
        causes = _in_the_way(deployment, rows)
        total = len(batches)
    unread = [listed for listed in rows if listed.trouble]
    code = Exit.SOME_FAILED if unread else Exit.OK
    if as_json:
        for listed in rows:
            events.emit("batch", **listed_facts(listed))
        events.tell_causes(causes, as_json=True)
        events.result(code, batches=len(rows), more=more or batches.is_cut)
        return code
    if rows:
        console = plain_text.stdout()
        console.print(plain_text.whole(_table(rows, wide=console.width >= WIDE_COLUMNS), console))
    events.tell_causes(causes, as_json=False)
    plain_text.remark(*(f"{listed.id}: {listed.trouble}" for listed in unread))
    plain_text.remark(*_closing_remarks(wanted, batches, len(rows), total, more=more))
    return code


def _closing_remarks(wanted: ListOptions, batches: BatchList, shown: int, total: int, *, more: bool) -> Iterator[str]:
    if more:
        count = "more" if wanted.filtered else f"{total - shown:,} more"
        yield f"{count}: {wanted.longer}, or fewer by --state, --since, --name"
    if batches.is_cut and not more:
        yield f"only the newest {MOST_SEARCHED:,} of {total:,} batches were looked through"
    if batches.elsewhere:
        elsewhere = words.counted(batches.elsewhere, "batch", "batches")
        yield f"{elsewhere} of this Redis: in another ledger than FOREBAY_LEDGER"
    if shown or batches.elsewhere or batches.is_cut:
        return
    if wanted.filtered:
        yield f"none of {words.counted(total, 'batch', 'batches')} is like that"
        return
    yield "no batches yet; `forebay run queries/*.sql` makes one"
    if demo_folder.LEDGER.is_dir():
        yield f"those of the demo are in a folder of its own: {demo_folder.SETTINGS} forebay ls"


def _in_the_way(deployment: Deployment, rows: list[ListedBatch]) -> list[Cause]:
    """Says why nothing of the batches moves that still could."""
    standings = (listed.standing for listed in rows if listed.standing)
    missing = [standing.batch for standing in standings if standing.state is BatchState.LOST]
    found = [*lost(*missing)] if missing else []
    if any(not listed.state.settled for listed in rows):
        found += deployment_causes(evidence(deployment))
    return found + [budget_cause(*used) for used in used_up_budgets(deployment)]


def _table(rows: list[ListedBatch], *, wide: bool) -> Table:
    standings = [listed.standing for listed in rows if listed.standing]
    # Without room the state says it: a header that wraps says nothing.
    with_canceled = wide and any(batch_counts(standing)["canceled"] for standing in standings)
    table = plain_text.table("batch", "state", collapse_padding=True)
    names = ("age", "runs", "queued", "alive", "landing", "landed", "failed")
    for name in (*names, *(("canceled",) if with_canceled else ()), *(("size",) if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    now = datetime.now(UTC)
    for listed in rows:
        age = words.age((now - listed.accepted_at).total_seconds())
        if listed.standing is None:
            table.add_row(listed.id, listed.state.words, age)
            continue
        of = batch_counts(listed.standing)
        queued = of["waiting"] + of["starting"]
        cells = [of["runs"], queued, of["alive"], of["ready"], of["landed"], of["failed"]]
        cells += [of["canceled"]] if with_canceled else []
        size = (words.size(listed.standing.progress.stored_bytes),) if wide else ()
        table.add_row(listed.id, listed.state.words, age, *map(str, cells), *size)
    return table
