"""Fills the gaps of an extract's past, a few windows at a time, in class `backfill`: `forebay backfill`."""

import signal
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.backfilling import plan_gaps, refuse_paused, windows_between
from forebay.cli.following.filling_told import ToldHere
from forebay.cli.following.gap_filler import Filled, GapFiller
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output import closings, events, plain_text, words
from forebay.cli.output.confirm import Yes, confirm
from forebay.cli.submitting import preflight
from forebay.cli.submitting.backfill_plan import BackfillPlan, gap_facts
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import BudgetExceeded
from forebay.scheduler.extracts.gaps import gaps
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Calendar, Window, label
from forebay.store.ledger.outcomes import Closing


def backfill(
    extract: Annotated[str, typer.Argument(metavar="EXTRACT", help="An extract of the spec.", show_default=False)],
    start: Annotated[
        str | None, typer.Option("--from", metavar="2026-01-01", help="The first window. [default: that of the spec]")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="2026-02-01", help="Up to before this. [default: now]")
    ] = None,
    *,
    oldest_first: Annotated[bool, options.flag("--oldest-first", "Else the newest come first.")] = False,
    dry_run: Annotated[bool, options.flag("--dry-run", "Say what it would do, and do nothing.")] = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> int:
    """Fill the gaps of an extract's past.

    Runs windows that have no batch, retries what failed, repeats what was given up. It is of class backfill, so it
    takes only slots that nobody else wants. It says first what it comes to, and asks where that is much. Interrupt it
    whenever you like: what was submitted goes on, and the same command goes on with the rest.
    `forebay pause EXTRACT --extract` holds it too.
    """
    settings = Settings()
    config = load_config(settings)
    asked = windows_between(config, extract, start, end, datetime.now(UTC))
    with open_deployment(settings, config) as deployment:
        if not dry_run:
            refuse_paused(deployment, extract)
        return fill_gaps(
            deployment, extract, asked, oldest_first=oldest_first, dry_run=dry_run, yes=yes, as_json=as_json
        )


def fill_gaps(
    deployment: Deployment,
    extract: str,
    asked: list[Window],
    *,
    oldest_first: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    as_json: bool = False,
    interrupts: Interrupts | None = None,
) -> int:
    """Fills the gaps among these windows: says what that comes to, asks where it is much, and does it."""
    status = StatusReader(deployment.ledger, deployment.marks).read(extract, asked)
    todo = list(gaps(status.windows if oldest_first else reversed(status.windows)))
    if not todo:
        return _tell_end(extract, len(asked), {}, as_json=as_json)
    assert deployment.config.written  # noqa: S101 - it has the extract
    calendar = calendar_of(deployment.config.written, extract)
    filler = GapFiller(deployment, extract, calendar, deque(todo), ToldHere(as_json=as_json))
    first = filler.expansion(todo[0])
    plan = plan_gaps(deployment, extract, len(asked), todo, first)
    _tell_plan(plan, calendar, dry_run=dry_run, as_json=as_json)
    if dry_run:
        return Exit.OK
    if plan.is_large and not confirm(f"Fill {words.counted(len(todo), 'window')}?", yes=yes, as_json=as_json):
        return Exit.OK
    _require(deployment, first)
    interrupts = interrupts or Interrupts()
    with interrupts.listening():
        filled = filler.fill(first.connection, interrupts)
    if filled.stopped:
        return _tell_stopped(deployment, filled.stopped, as_json=as_json)
    if filled.signum:
        return _tell_interrupted(extract, filled.signum, filler.absence.why, as_json=as_json)
    if filled.refused:
        return _tell_refused(extract, filled, filled.refused, as_json=as_json)
    return _tell_end(extract, len(asked), filled.ended, as_json=as_json)


def _tell_plan(plan: BackfillPlan, calendar: Calendar, *, dry_run: bool, as_json: bool) -> None:
    """Says what is to come; of a dry run that is the result."""
    if as_json:
        if dry_run:
            for gap in plan.gaps:
                events.emit("gap", **gap_facts(gap, calendar))
            events.result(Exit.OK, extract=plan.extract, dry_run=True, **plan.facts())
        else:
            events.emit("plan", extract=plan.extract, **plan.facts())
        return
    if dry_run:
        plain_text.say(*plan.lines())
        for gap in plan.gaps:
            plain_text.say(f"  {gap.act:<9} {label(gap.window, calendar.zone)}  {gap.batch or ''}".rstrip())
    else:
        plain_text.remark(*plan.lines())


def _require(deployment: Deployment, first: Expansion) -> None:
    """Checks the services, and tells people of what is only a warning. Raises `PreflightFailed`."""
    for row in preflight.require(
        deployment, connection=first.connection.name, account=first.accounts[0], output=first.terms.output
    ):
        plain_text.remark(f"warning: {row.message}" + (f"; {row.way_out}" if row.way_out else ""))


def _tell_stopped(deployment: Deployment, batch: str, *, as_json: bool) -> int:
    ways = closings.ways_on(deployment.ledger.batch(batch), deployment.ledger.stop(batch))
    if as_json:
        events.result(Exit.SAFETY, stopped=batch)
    else:
        plain_text.remark(
            f"{batch} was stopped, and nothing further is submitted", *(f"  {what:<9}{how}" for what, how in ways)
        )
    return Exit.SAFETY


def _tell_interrupted(extract: str, signum: signal.Signals, away: str, *, as_json: bool) -> int:
    code = Exit.INTERRUPTED if signum is signal.SIGINT else Exit.TERMINATED
    goes_on = f"what was submitted is safe, but {away}" if away else "what was submitted goes on"
    way_out = f"{goes_on}; the same command goes on with the rest"
    if as_json:
        events.result(code, extract=extract, next=way_out)
    else:
        plain_text.remark(way_out)
    return code


def _tell_refused(extract: str, filled: Filled, refused: BudgetExceeded, *, as_json: bool) -> int:
    done = sum(closing.outcome == "landed" for closing in filled.ended.values())
    way_out = "raise its budget, or wait for 00:00 UTC; the same command goes on with the rest"
    if as_json:
        counts = {"filled": done, "failed": len(filled.ended) - done, "left": filled.left}
        events.result(Exit.SAFETY, extract=extract, **counts, message=refused.reason, next=way_out)
        return Exit.SAFETY
    plain_text.say(f"{extract}: {done} of {words.counted(len(filled.ended), 'window')} filled")
    plain_text.remark(f"{words.counted(filled.left, 'window')} left: {refused.reason}", f"  → {way_out}")
    return Exit.SAFETY


def _tell_end(extract: str, asked: int, ended: Mapping[str, Closing], *, as_json: bool) -> int:
    bad = [batch for batch, closing in ended.items() if closing.outcome != "landed"]
    code = Exit.SOME_FAILED if bad else Exit.OK
    if as_json:
        counts = {"windows": asked, "filled": len(ended) - len(bad), "failed": len(bad)}
        events.result(code, extract=extract, **counts)
        return code
    if not ended:
        plain_text.say(f"{extract}: no gap among {words.counted(asked, 'window')}")
        return code
    plain_text.say(f"{extract}: {len(ended) - len(bad)} of {words.counted(len(ended), 'window')} filled")
    for batch in bad[:10]:
        plain_text.say(f"  → forebay show {batch}")
    return code
