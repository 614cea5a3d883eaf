"""Follows batches to their ends, or until something else ends the wait. Changes nothing; tells an audience.

Reads Redis two or three times a second, and more often while it has just begun: a command that a person watches, and
nobody else, may do that.
"""

import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from forebay.cli.deployment import Deployment
from forebay.cli.following.absence import Absence
from forebay.cli.following.batch_exit import is_refused
from forebay.cli.following.causes import Evidence, RunTrouble, causes, troubles_of
from forebay.cli.following.evidence import evidence
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output.audience import Audience, Settled, Snapshot
from forebay.governor.errors import GovernorError
from forebay.governor.seen import RunView
from forebay.governor.states import RunState
from forebay.landing.result_paths import first_stem
from forebay.scheduler.batches.progress import Ends, Progress, RunEnd
from forebay.store.errors import StoreError
from forebay.store.ledger.outcomes import Closing, Stop
from forebay.store.ledger.records import Batch

EVERY_S = 0.4
#: A single short query ends within the first seconds. A look at many lanes takes longer, and is made no more than half
#: of the time.
SOON_S, SOON_FOR_S = 0.1, 5.0
#: Single runs are asked about less often, and only so many: each costs a command.
RUNS_EVERY_S, MOST_RUNS = 1.2, 24
#: How often the ledger is asked whether a batch of which all settled is closed.
CLOSING_EVERY_S = 1.0
#: How often Redis is asked whether it takes writes, and who works.
EVIDENCE_EVERY_S = 2.0
#: Workers of this machine that were asked for need so long until they say that they are alive, on a slow one.
WORKERS_START_S = 30.0


class End(Enum):
    """Why following ended."""

    DONE = auto()  # all is settled, and closed where it is to be closed
    STOPPED = auto()  # its closer paused it: nothing moves until a person decides
    TIMEOUT = auto()  # the wait is over
    INTERRUPTED = auto()  # SIGINT
    TERMINATED = auto()  # SIGTERM
    REFUSED = auto()  # Stripe refuses the key: nothing moves until a person mends that


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """What the records of single runs tell, as of the last time that they were read."""

    read_at: float = -1e9
    received_bytes: int = 0
    troubles: tuple[RunTrouble, ...] = ()


class Follower:
    """What is seen of one batch, look by look."""

    def __init__(
        self,
        deployment: Deployment,
        batch: Batch,
        audience: Audience,
        *,
        timeout_s: float | None = None,
        tell_past: bool = True,
    ) -> None:
        """Begins to follow; with `tell_past` also the runs that were settled before the first snapshot are told."""
        self._deployment = deployment
        self.batch = batch
        self._audience = audience
        self.tell_past = tell_past
        self._timeout_s = timeout_s
        self._begun = time.monotonic()
        self._ends = Ends(deployment.reader.view, batch, tell_past)
        self._untold: deque[RunEnd] = deque()
        self._sample = _Sample()
        self._closing_asked_at = -CLOSING_EVERY_S
        self._evidence = Evidence()
        self._evidence_read_at = -EVIDENCE_EVERY_S
        self._counts: tuple[int, ...] = ()
        self._moved_at = self._begun
        self.absence = Absence(deployment.come_back)
        self.last: Snapshot | None = None

    def look(self) -> End | None:
        """Looks once, and tells; returns why no further look is of use, if so. Raises `WorkersDown`."""
        try:
            snapshot = self._snapshot()
        except (GovernorError, StoreError) as error:
            now = time.monotonic()
            self.absence.survive(error, lambda away: self._audience.trouble(away, now - self._begun), now)
            return self._end(None)
        self.absence.over()
        self._audience.show(snapshot)
        self._deployment.check_workers()
        return self._end(snapshot)

    def _end(self, snapshot: Snapshot | None) -> End | None:
        if snapshot and snapshot.ended:
            return End.DONE
        if snapshot and snapshot.stopped:
            return End.STOPPED
        if snapshot and is_refused(snapshot.progress):
            return End.REFUSED
        if self._timeout_s is not None and time.monotonic() - self._begun >= self._timeout_s:
            return End.TIMEOUT
        return None

    def _snapshot(self) -> Snapshot:
        reader = self._deployment.reader
        seen = reader.glances(self.batch)
        self._ends.view = reader.view
        self._untold.extend(self._ends.read(seen))
        self._tell()
        progress = Progress.of(self.batch, seen)
        now = time.monotonic()
        if now - self._sample.read_at >= RUNS_EVERY_S:
            self._sample = self._read_runs(now)
        snapshot = Snapshot(
            batch=self.batch,
            progress=progress,
            elapsed_s=now - self._begun,
            now_ms=reader.view.now_ms(),
            received_bytes=self._sample.received_bytes,
            closing=self._closing(progress, now),
            stop=self._stop(progress),
        )
        found = causes(snapshot, self._seen(now), self._sample.troubles, unmoved_s=self._unmoved_s(progress, now))
        self.last = replace(snapshot, causes=found)
        return self.last

    def _seen(self, now: float) -> Evidence:
        if now - self._evidence_read_at >= EVIDENCE_EVERY_S:
            self._evidence_read_at = now
            starting = self._deployment.attached is not None and now - self._begun < WORKERS_START_S
            waits = self.batch.policy if self.last and self.last.progress.done else None
            self._evidence = evidence(self._deployment, workers_missed=not starting, batch=self.batch.id, waits=waits)
        return self._evidence

    def _unmoved_s(self, progress: Progress, now: float) -> float:
        """Says for how long nothing of the batch has changed, as far as we saw."""
        outcomes = (progress.landed, progress.failed, progress.canceled, self._sample.received_bytes)
        counts = (progress.waiting, progress.starting, progress.held, progress.ready, *outcomes)
        if counts != self._counts:
            self._counts, self._moved_at = counts, now
        return now - self._moved_at

    def _closing(self, progress: Progress, now: float) -> Closing | None:
        if not self.batch.needs_closing or not progress.done or now - self._closing_asked_at < CLOSING_EVERY_S:
            return None
        self._closing_asked_at = now
        return self._deployment.ledger.closing(self.batch.id)

    def _stop(self, progress: Progress) -> Stop | None:
        if not self.batch.needs_closing or not progress.paused or progress.held or progress.ready:
            return None
        return self._deployment.ledger.stop(self.batch.id)

    def _tell(self) -> None:
        """Tells of ends; one stays in the list until it is told, whatever store or Redis do meanwhile."""
        while self._untold:
            self._audience.settled(self._settled(self._untold[0]))
            self._untold.popleft()

    def _settled(self, end: RunEnd) -> Settled:
        ledger, place = self._deployment.ledger, (self.batch.id, end.lane, end.index)
        failure = ledger.failure(*place) if end.state is RunState.FAILED else None
        item = ledger.item(*place)
        stem = None if self.batch.sorting_of(item) else first_stem(self.batch, item)
        return Settled(batch=self.batch, item=item, stem=stem, state=end.state, failure=failure)

    def _read_runs(self, now: float) -> _Sample:
        landing = list(self._runs(self._ends.in_state(RunState.READY, most=MOST_RUNS)))
        alive = self._runs(self._ends.in_state(RunState.GRANTED, RunState.RUNNING, most=MOST_RUNS))
        received_bytes = sum(run.received_bytes or 0 for run in landing)
        return _Sample(read_at=now, received_bytes=received_bytes, troubles=troubles_of([*landing, *alive]))

    def _runs(self, places: Iterable[tuple[str, int]]) -> Iterator[RunView]:
        view = self._deployment.reader.view
        for lane, index in places:
            run = view.run(lane, self.batch.id, index)
            if run:
                yield run


def follow(followers: Sequence[Follower], interrupts: Interrupts) -> tuple[Follower, End]:
    """Returns when all batches are done, or when the wait for one is over: why, and which. Raises `WorkersDown`."""
    going_on, begun = [*followers], time.monotonic()
    while True:
        looked = time.monotonic()
        for follower in [*going_on]:
            end = follower.look()
            if end is End.DONE:
                going_on.remove(follower)
            elif end:
                return follower, end
        if not going_on:
            return followers[0], End.DONE
        now = time.monotonic()
        signum = interrupts.wait(EVERY_S if now - begun > SOON_FOR_S else min(max(SOON_S, now - looked), EVERY_S))
        if signum:
            return going_on[0], End.INTERRUPTED if signum == signal.SIGINT else End.TERMINATED
