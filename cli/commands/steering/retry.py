"""Runs again what failed, and lands again what only failed to land, without a second run: `forebay retry`.

SQL is rendered once, when a batch is accepted. With `--sql-again` the texts of what failed of its text are read once
more from where they came, shown as a diff, and asked by a new attempt; without it a retry asks what it asked before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.resuming import restore, resume
from forebay.cli.output import closings, diffs, events, plain_text, remedies, words
from forebay.cli.output.confirm import Yes, confirm
from forebay.cli.output.console import Manner
from forebay.cli.submitting.known_tables import refuse_all_wrong
from forebay.config.settings import Settings
from forebay.scheduler.batches.chosen_runs import EVERY_ONE, Choice, ChosenRun, choose
from forebay.scheduler.batches.lookup import find_batch, parts_of
from forebay.scheduler.batches.retrying import Choose, FailedRun, RetryReport, Try
from forebay.scheduler.definitions.mended_texts import Mending, mend
from forebay.scheduler.errors import InputError
from forebay.store.ledger.records import Batch

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Which failed runs are taken up."""

    failed: Annotated[bool, options.flag("--failed", "Every run that failed.")] = False
    run: Annotated[
        list[str] | None, typer.Option("--run", metavar="NAME", help="That of this name or account/name.")
    ] = None
    account: Annotated[list[str] | None, typer.Option("--account", metavar="acct_…", help="Those of it.")] = None
    cause: Annotated[
        list[str] | None, typer.Option("--cause", metavar="CLASS", help="Those that failed of it: sql, too_big, …")
    ] = None

    @property
    def choice(self) -> Choice:
        """Reads what a run has to match. Raises `BadParameter` where nothing is said."""
        choice = Choice(names=self.run or (), accounts=self.account or (), causes=self.cause or ())
        if choice == EVERY_ONE and not self.failed:
            raise typer.BadParameter("say which runs: --failed takes every one that failed; --run, --account, --cause")
        return choice


def retry(
    batch: options.BatchId,
    runs: RunOptions,
    *,
    sql_again: Annotated[
        bool, options.flag("--sql-again", "Read the SQL of what failed of it again, from its file or the spec.")
    ] = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> int:
    """Take up failed runs of a batch again.

    What failed to land is landed, and not run. All else is asked once more as it was: SQL is rendered once, when a
    batch is accepted. With --sql-again, mended SQL is shown as a diff, and asked instead; where it is the same as
    before, nothing is asked.
    """
    choice = runs.choice
    with open_deployment(Settings()) as deployment:
        record = find_batch(deployment.ledger, batch)
        for each in (record, *parts_of(deployment.ledger, record)):
            restore(deployment, each, Manner(as_json=as_json))
        if choice == EVERY_ONE and not sql_again:
            # One after the other, however many: nothing has to be known of all of them.
            mending, taken = None, _Taken(lambda _: Try())
        else:
            chosen = choose(deployment.ledger, record, deployment.retrier.failed(batch), choice)
            mending = _mend(deployment, record, chosen) if sql_again else None
            if mending and not _agreed(mending, chosen, yes=yes, as_json=as_json):
                return Exit.OK
            taken = _Taken(_ways(chosen, mending).get)
        report = deployment.retrier.retry(batch, taken.choose)
        if report.retried:
            resume(deployment, record)
        if as_json:
            counts = {"retried": report.retried, "landings": report.landings, "mended": taken.mended}
            left = {"unchanged": len(mending.same), "gone": len(mending.gone)} if mending else {}
            events.result(Exit.OK, batch=batch, **counts, **left)
        else:
            _tell(record, report, taken)
            closing = deployment.ledger.closing(batch) if record.needs_closing else None
            for what, how in closings.review_ways(record, closing) if closing else ():
                plain_text.remark(f"  {what:<9}{how}")
    return Exit.OK


class _Taken:
    """Counts what was taken up, and how."""

    def __init__(self, ways: Choose) -> None:
        self._ways = ways
        self.left = self.mended = self.in_vain = 0

    def choose(self, run: FailedRun) -> Try | None:
        way = self._ways(run)
        self.left += way is None
        self.mended += way is not None and way.sql is not None
        self.in_vain += way == Try() and run.may_ask_otherwise
        return way


def _mend(deployment: Deployment, batch: Batch, chosen: list[ChosenRun]) -> Mending:
    """Reads texts again. Raises `InputError` where that would help nothing, or cannot be done."""
    stop = deployment.ledger.stop(batch.id) if batch.policy else None
    if stop and stop.by == "canary" and not stop.resumed:
        raise InputError(
            f"batch {batch.id} was stopped by its canary, and the runs behind it keep the text that it was accepted "
            f"with: give it up (forebay cancel {batch.id}), and run the mended text as a new batch"
        )
    of_text = [run for run in chosen if run.failed.may_ask_otherwise]
    mending = mend(deployment.config, batch, of_text, most_sql_bytes=deployment.settings.max_sql_bytes)
    texts = ((run.item.name, mending.changed[run.failed]) for run in of_text if run.failed in mending.changed)
    warnings = refuse_all_wrong(texts, deployment.settings, deployment.config, batch.connection)
    plain_text.remark(*warnings)
    return mending


def _agreed(mending: Mending, chosen: list[ChosenRun], *, yes: bool, as_json: bool) -> bool:
    """Shows what changed, and asks. Raises `NotConfirmed`."""
    changes = [
        diffs.TextChange(
            name=run.item.name,
            account=run.item.account,
            before=run.item.sql,
            after=mending.changed[run.failed],
        )
        for run in chosen
        if run.failed in mending.changed
    ]
    if as_json:
        diffs.emit(changes)
    else:
        diffs.show(changes)
        for what, runs in (("has not changed", mending.same), ("is not where it came from", mending.gone)):
            if runs:
                plain_text.remark(f"the SQL of {words.runs(len(runs))} {what}, so they stay failed: {_named(runs)}")
    if not changes:
        return True
    return confirm(f"Run {words.runs(len(changes))} with the mended SQL?", yes=yes, as_json=as_json)


def _ways(chosen: list[ChosenRun], mending: Mending | None) -> Mapping[FailedRun, Try]:
    """Says how each run is taken up; one that would ask the same text in vain is not among them."""
    if mending is None:
        return {run.failed: Try() for run in chosen}
    ways = {run.failed: Try() for run in chosen if not run.failed.may_ask_otherwise}
    return ways | {run: Try(sql=sql) for run, sql in mending.changed.items()}


def _tell(batch: Batch, report: RetryReport, taken: _Taken) -> None:
    if not report.retried:
        stay = "stays" if taken.left == 1 else "stay"
        left = f": {words.runs(taken.left)} {stay} failed" if taken.left else ": no run of this batch stands as failed"
        plain_text.say(f"nothing to retry{left}")
        return
    only = f", {report.landings} of them only their landing" if report.landings else ""
    plain_text.say(f"{words.runs(report.retried)} taken up again{only}")
    if taken.in_vain:
        same = f"{words.runs(taken.in_vain)} of them will ask the same SQL, of which they failed"
        plain_text.remark(f"{same}; {remedies.of_text_in(batch)}")
    plain_text.remark(f"follow with: forebay watch {batch.id}")


def _named(runs: tuple[ChosenRun, ...]) -> str:
    names = [f"{run.item.account}/{run.item.name}" if run.item.account else run.item.name for run in runs]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
