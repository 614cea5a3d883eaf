"""Fills the gaps of an extract one after the other, and follows them to their ends: the loop of `forebay backfill`.

Windows are submitted a few at a time, as many as keep the slots busy: batches of one class share the slots evenly, and
would otherwise end in no order at all. Tells on the way what ended, and what is in the way.
"""

import dataclasses
import signal
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from forebay.cli.deployment import Deployment
from forebay.cli.following.absence import Absence
from forebay.cli.following.causes import deployment_causes, lane_causes
from forebay.cli.following.evidence import evidence
from forebay.cli.following.filling_told import FillingTold
from forebay.cli.following.follow import EVIDENCE_EVERY_S, WORKERS_START_S
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output import words
from forebay.cli.output.cause import Cause, CauseKind
from forebay.cli.submitting.expanding import wanted
from forebay.config.connections import Connection
from forebay.config.standing import FlowClass, StandingChange
from forebay.governor.errors import RedisUnavailable
from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.definitions.expand import expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import BudgetExceeded, NotOpened
from forebay.scheduler.extracts.gaps import Act, Gap
from forebay.scheduler.windows.calendar import Calendar, Window, label, parse_batch_id
from forebay.store.errors import Unavailable
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch

#: How often it is asked what became of open windows.
EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """How filling ended."""

    ended: Mapping[str, Closing]
    """The batches of windows that came to their end."""
    stopped: str | None = None
    """The batch that stands still until a person decides, if that was the end."""
    signum: signal.Signals | None = None
    """What interrupted it, if that was the end."""
    left: int = 0
    """Windows that the budget of the day has no runs for."""
    refused: BudgetExceeded | None = None
    """What said so."""


@dataclass(slots=True)
class _Open:
    """A window that was submitted."""

    batch: Batch
    window: str
    progress: Progress | None = None
    """As of the last round; None before its first."""


class GapFiller:
    """The windows that are filled one after the other."""

    def __init__(
        self,
        deployment: Deployment,
        extract: str,
        calendar: Calendar,
        todo: deque[Gap],
        told: FillingTold,
        *,
        under_way: Iterable[tuple[Window, str]] = (),
    ) -> None:
        """Takes with `under_way` windows that are followed, too, and the batches of which are submitted already."""
        self._deployment, self._extract, self._calendar, self._todo = deployment, extract, calendar, todo
        self._told = told
        self._open = {
            batch: _Open(deployment.ledger.batch(batch), label(window, calendar.zone)) for window, batch in under_way
        }
        self._ended: dict[str, Closing] = {}
        self._begun_s = time.monotonic()
        self._evidence_read_s = self._begun_s
        self._works = False
        self._left = 0
        self._refused: BudgetExceeded | None = None
        self.absence = Absence(deployment.come_back)

    def expansion(self, gap: Gap) -> Expansion:
        """Expands the window of a gap."""
        given_up = parse_batch_id(gap.batch) if gap.batch and gap.act is Act.REPEAT else None
        return expand_window(
            self._deployment.config,
            self._extract,
            gap.window,
            again=given_up[2] + 1 if given_up else 0,
            wanted=dataclasses.replace(
                wanted(self._deployment.settings),
                standing=StandingChange(flow_class=FlowClass.BACKFILL),
                check_columns=self._deployment.settings.check_sql,
            ),
        )

    def fill(self, connection: Connection, interrupts: Interrupts) -> Filled:
        """Returns when all is filled, or something else ended it. Raises `WorkersDown`.

        Where the budget of the day ends in its midst, what was submitted is followed to its end all the same; where
        it has nothing for the first window, that raises `BudgetExceeded`. While Redis or a store does not answer, it
        tells so and tries again.
        """
        while self._todo or self._open:
            try:
                if stopped := self._round(connection, interrupts):
                    return Filled(ended=self._ended, stopped=stopped)
                self.absence.over()
            except (RedisUnavailable, Unavailable, NotOpened) as error:
                self._survive(error)
            if signum := interrupts.wait(EVERY_S):
                return Filled(ended=self._ended, signum=signum, left=self._left, refused=self._refused)
        return Filled(ended=self._ended, left=self._left, refused=self._refused)

    def _round(self, connection: Connection, interrupts: Interrupts) -> str | None:
        """Submits, and tells what came of it; returns the batch that stands still until a person decides."""
        paused = self._submit_some(connection, interrupts)
        if stopped := self._tell_ended():
            return stopped
        self._tell_causes(paused)
        self._deployment.check_workers()
        return None

    def _survive(self, error: RedisUnavailable | Unavailable | NotOpened) -> None:
        """Tells of it and goes on: the rest can wait."""
        cause = error.__cause__ if isinstance(error, NotOpened) else error
        if not isinstance(cause, RedisUnavailable | Unavailable):
            raise error  # it would be so for ever
        self.absence.survive(cause, lambda away: self._told.in_the_way([away]), time.monotonic())

    def _submit_some(self, connection: Connection, interrupts: Interrupts) -> tuple[Cause, ...]:
        """Keeps the slots busy with the first windows, so that their order is that of their ends.

        Returns why the rest waits for a person, if it does.
        """
        waiting = 0
        for each in self._open.values():
            each.progress = self._deployment.reader.progress(each.batch)
            waiting += each.progress.waiting
        while self._todo and not interrupts.came():
            if paused := self._deployment.marks.paused(self._extract):
                return (self._pause(paused.reason),)
            if waiting >= connection.cap - connection.margin:
                break
            try:
                waiting += self._fill(self._todo[0])
            except BudgetExceeded as error:
                if not (self._works or self._open):
                    raise
                self._left, self._refused = len(self._todo), error
                self._todo.clear()
                break
            self._todo.popleft()
            if not self._works:
                self._deployment.start_work()
                self._works = True
        return ()

    def _fill(self, gap: Gap) -> int:
        """Returns how many runs wait now."""
        if gap.act is Act.RETRY and gap.batch:
            batch, runs = self._deployment.ledger.batch(gap.batch), self._retried(gap.batch, gap.closed_at)
        else:
            batch = self._deployment.submitter.submit(self.expansion(gap).new_batch())
            runs = batch.size
        self._open[batch.id] = _Open(batch, label(gap.window, self._calendar.zone))
        return runs

    def _retried(self, batch: str, closed_at: datetime | None) -> int:
        """Retries what failed of a batch, unless that was done, and came to its end, since the gap was found."""
        closing = self._deployment.ledger.closing(batch)
        if closing and closed_at and closing.at != closed_at:
            return 0  # what failed of it again had its turn: to ask it once more is for somebody to decide
        return self._deployment.retrier.retry(batch).retried

    def _tell_ended(self) -> str | None:
        """Tells of windows that ended; returns the batch that stands still until a person decides, if one does.

        The ledger is asked only of what Redis says that it may have ended, or does not know.
        """
        ledger = self._deployment.ledger
        for batch, each in list(self._open.items()):
            if each.progress is None:
                continue
            closing = ledger.closing(batch) if each.progress.done or not each.progress.known else None
            if closing:
                del self._open[batch]
                self._ended[batch] = closing
                self._told.ended(each.window, batch, closing)
                continue
            stop = ledger.stop(batch) if each.progress.paused else None
            if stop and not stop.resumed:
                self._told.stopped(each.window, stop.reason)
                return batch
        return None

    def _tell_causes(self, found: tuple[Cause, ...]) -> None:
        """Tells once of what is in the way, and once that it is over."""
        now = time.monotonic()
        if self._open and now - self._evidence_read_s >= EVIDENCE_EVERY_S:
            self._evidence_read_s = now
            found += tuple(self._in_the_way(now))
        self._told.in_the_way(found)

    def _in_the_way(self, now: float) -> list[Cause]:
        starting = self._deployment.attached is not None and now - self._begun_s < WORKERS_START_S
        seen = evidence(self._deployment, workers_missed=not starting)
        lanes = {lane.lane: lane for each in self._open.values() if each.progress for lane in each.progress.lanes}
        now_ms = self._deployment.reader.view.now_ms()
        return [*deployment_causes(seen), *(cause for lane in lanes.values() for cause in lane_causes(lane, now_ms))]

    def _pause(self, reason: str) -> Cause:
        return Cause(
            kind=CauseKind.EXTRACT_PAUSED,
            message=f"extract {self._extract} is paused: {reason or 'no reason given'}",
            detail=f"{words.counted(len(self._todo), 'window')} wait",
            way_out=f"forebay resume {self._extract} --extract",
        )
