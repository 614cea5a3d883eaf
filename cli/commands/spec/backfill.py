"""Fills the gaps of an extract's past, a few windows at a time, in class `backfill`: `forebay backfill`."""

import dataclasses
import sys
from collections import deque
from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output import closings, events, plain_text, words
from forebay.cli.output.confirm import Yes, confirm
from forebay.cli.submitting import preflight
from forebay.cli.submitting.backfill_plan import BackfillPlan, gap_facts, plan_backfill
from forebay.cli.submitting.definition_names import extract_of
from forebay.cli.submitting.expanding import history, local_moment, wanted
from forebay.config.connections import Connection
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.standing import FlowClass, StandingChange
from forebay.scheduler.definitions.expand import calendar_of, expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.extracts.gaps import Act, Gap, gaps, windows
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Calendar, Window, label, parse_batch_id
from forebay.store.ledger.outcomes import Closing

#: How often it is asked what became of open windows.
EVERY_S = 1.0


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
    extract_of(config, extract)
    assert config.written  # noqa: S101 - it has the extract
    calendar = calendar_of(config.written, extract)
    first = local_moment(start, "--from", calendar) if start else None
    last = local_moment(end, "--to", calendar) if end else None
    now = datetime.now(UTC)
    _refuse_moments(extract, calendar, first, last, now)
    with open_deployment(settings, config) as deployment:
        marks = deployment.marks
        if (paused := marks.paused(extract)) and not dry_run:
            raise InputError(
                f"extract {extract} is paused ({paused.reason or 'no reason given'}), so nothing of it is submitted; "
                f"forebay resume {extract} --extract lets it go on"
            )
        asked = list(windows(calendar, first, last, now))
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
) -> int:
    """Fills the gaps among these windows: says what that comes to, asks where it is much, and does it."""
    status = StatusReader(deployment.ledger, deployment.marks).read(extract, asked)
    todo = list(gaps(status.windows if oldest_first else reversed(status.windows)))
    if not todo:
        return _tell_end(extract, len(asked), {}, as_json=as_json)
    assert deployment.config.written  # noqa: S101 - it has the extract
    calendar = calendar_of(deployment.config.written, extract)
    work = _Work(deployment, extract, calendar, deque(todo), as_json=as_json)
    plan = work.plan(len(asked))
    _tell_plan(plan, calendar, dry_run=dry_run, as_json=as_json)
    if dry_run:
        return Exit.OK
    if plan.is_large and not confirm(f"Fill {words.counted(len(todo), 'window')}?", yes=yes, as_json=as_json):
        return Exit.OK
    return work.go_on(len(asked))


def _refuse_moments(
    extract: str, calendar: Calendar, first: datetime | None, last: datetime | None, now: datetime
) -> None:
    """Raises `InputError` where no window can lie between the moments."""
    zone = calendar.zone
    if first and last and first >= last:
        raise InputError(
            f"--from {first.astimezone(zone):%Y-%m-%d %H:%M} is not before --to {last.astimezone(zone):%Y-%m-%d %H:%M}"
        )
    if first and first >= now:
        raise InputError(f"--from {first.astimezone(zone):%Y-%m-%d %H:%M} lies ahead: no window there is over yet")
    if last and last <= calendar.first:
        raise InputError(
            f"--to {last.astimezone(zone):%Y-%m-%d %H:%M} is not after the start of {extract}, "
            f"{calendar.first.astimezone(zone):%Y-%m-%d %H:%M}"
        )


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


class _Work:
    """The windows that are filled one after the other."""

    def __init__(
        self, deployment: Deployment, extract: str, calendar: Calendar, todo: deque[Gap], *, as_json: bool
    ) -> None:
        self._deployment, self._extract, self._calendar, self._todo = deployment, extract, calendar, todo
        self._as_json = as_json
        self._marks = deployment.marks
        self._open: dict[str, str] = {}
        self._ended: dict[str, Closing] = {}
        self._is_paused = False

    def plan(self, asked: int) -> BackfillPlan:
        """Counts what there is to do. Spends nothing."""
        deployment = self._deployment
        past = history(deployment.settings, deployment.ledger_store).batches(self._extract)
        assert deployment.config.written  # noqa: S101 - it has the extract
        return plan_backfill(
            deployment.ledger,
            self._extract,
            asked,
            tuple(self._todo),
            self._expansion(self._todo[0]),
            run_s=past.run_s if past else None,
            price=deployment.config.written.spec.defaults.price_per_run,
        )

    def go_on(self, asked: int) -> int:
        first = self._expansion(self._todo[0])
        for row in preflight.require(
            self._deployment, connection=first.connection.name, account=first.accounts[0], output=first.terms.output
        ):
            self._remark(f"warning: {row.message}")
        interrupts = Interrupts()
        with interrupts.listening():
            while self._todo or self._open:
                self._submit_some(first.connection)
                if stopped := self._tell_ended():
                    return self._tell_stopped(stopped)
                self._tell_pause()
                self._deployment.check_workers()
                if signum := interrupts.wait(EVERY_S):
                    self._remark("what was submitted goes on; the same command goes on with the rest")
                    return 128 + signum
        return _tell_end(self._extract, asked, self._ended, as_json=self._as_json)

    def _submit_some(self, connection: Connection) -> None:
        """Keeps the slots busy with the first windows, so that their order is that of their ends."""
        waiting = sum(
            self._deployment.reader.progress(self._deployment.ledger.batch(batch)).waiting for batch in self._open
        )
        while self._todo and waiting < connection.cap - connection.margin and not self._marks.paused(self._extract):
            gap = self._todo.popleft()
            batch, runs = self._fill(gap)
            self._open[batch] = label(gap.window, self._calendar.zone)
            waiting += runs
            if len(self._open) == 1:
                self._deployment.start_work()

    def _fill(self, gap: Gap) -> tuple[str, int]:
        """Returns its batch, and how many runs wait now."""
        if gap.act is Act.RETRY and gap.batch:
            return gap.batch, self._deployment.retrier.retry(gap.batch).retried
        expansion = self._expansion(gap)
        self._deployment.submitter.submit(expansion.new_batch())
        return expansion.terms.id, expansion.size

    def _expansion(self, gap: Gap) -> Expansion:
        given_up = parse_batch_id(gap.batch) if gap.batch and gap.act is Act.REPEAT else None
        return expand_window(
            self._deployment.config,
            self._extract,
            gap.window,
            again=given_up[2] + 1 if given_up else 0,
            wanted=dataclasses.replace(
                wanted(self._deployment.settings), standing=StandingChange(flow_class=FlowClass.BACKFILL)
            ),
        )

    def _tell_pause(self) -> None:
        """Says once that the rest waits for whoever paused the extract on the way."""
        paused = self._marks.paused(self._extract) if self._todo else None
        if paused and not self._is_paused:
            why = f"paused: {paused.reason or 'no reason given'}"
            if self._as_json:
                events.emit("waiting", extract=self._extract, reason=why)
            else:
                way_out = f"forebay resume {self._extract} --extract"
                self._remark(f"{why}; {words.counted(len(self._todo), 'window')} wait for: {way_out}")
        self._is_paused = paused is not None

    def _tell_ended(self) -> str | None:
        """Tells of windows that ended; returns the batch that stands still until a person decides, if one does."""
        for batch, window in list(self._open.items()):
            closing = self._deployment.ledger.closing(batch)
            if closing:
                del self._open[batch]
                self._ended[batch] = closing
                self._tell(batch, window, closing)
                continue
            stop = self._deployment.ledger.stop(batch)
            if (
                stop
                and not stop.resumed
                and self._deployment.reader.progress(self._deployment.ledger.batch(batch)).paused
            ):
                self._remark(f"{window}: {stop.reason}")
                return batch
        return None

    def _tell(self, batch: str, window: str, closing: Closing) -> None:
        if self._as_json:
            events.emit("window", window=window, batch=batch, outcome=closing.outcome)
            return
        came = f"{closing.landed} of {words.runs(closing.runs)}, {closing.records:,} records"
        self._remark(f"{window}  {closing.outcome.replace('_', ' ')}  {came}  {batch}")

    def _tell_stopped(self, batch: str) -> int:
        ways = closings.ways_on(self._deployment.ledger.batch(batch), self._deployment.ledger.stop(batch))
        if self._as_json:
            events.result(Exit.SAFETY, stopped=batch)
        else:
            self._remark(f"{batch} was stopped, and nothing further is submitted")
            for what, how in ways:
                self._remark(f"  {what:<9}{how}")
        return Exit.SAFETY

    def _remark(self, text: str) -> None:
        if not self._as_json:
            plain_text.remark(text)
            sys.stderr.flush()


def _tell_end(extract: str, asked: int, ended: dict[str, Closing], *, as_json: bool) -> int:
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
