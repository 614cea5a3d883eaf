"""Follows one batch to its end, or until something else ends the wait. Changes nothing; tells an audience.

Looks at Redis two or three times a second: a command that a person watches, and nobody else, may do that.
"""

import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import redis

from forebay.cli.deployment import Deployment
from forebay.cli.following.interrupts import Interrupts
from forebay.governor.errors import FlowUnknown, GovernorError
from forebay.governor.scripts import translated
from forebay.governor.states import Gate, RunState
from forebay.governor.view import ClosedGate, RunView
from forebay.landing.places import first_stem
from forebay.scheduler.batches.progress import Change, Changes, Progress
from forebay.store.errors import StoreError
from forebay.store.policy import Closing, Stop
from forebay.store.records import Batch, FailureRecord, Item

LOOK_S = 0.4
#: Single runs are asked about less often, and only so many: each costs a command.
RUNS_EVERY_S, MOST_RUNS = 1.2, 24
#: How often the ledger is asked whether a batch of which all settled is closed.
CLOSING_EVERY_S = 1.0
#: An embedded Valkey that does not answer for longer than a restart takes has lost its supervisor.
COME_BACK_S = 5.0


class End(Enum):
    """Why following ended."""

    DONE = auto()
    STOPPED = auto()  # its closer paused it: nothing moves until a person decides
    TIMEOUT = auto()
    INTERRUPTED = auto()
    TERMINATED = auto()
    REFUSED = auto()  # Stripe refuses the key: nothing moves until a person mends that


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A run that came to its end. `stem` is where its result is, or would be, below the batch's output."""

    item: Item
    stem: str
    state: RunState
    failure: FailureRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the batch stands at one moment."""

    batch: Batch
    progress: Progress
    elapsed_s: float
    now_ms: int
    received_bytes: int  # of results that are on their way
    troubles: tuple[str, ...]  # why single runs do not move, in Stripe's words
    closing: Closing | None = None  # of a batch of the spec, once it is closed
    stop: Stop | None = None  # why its closer paused it

    @property
    def ended(self) -> bool:
        """All has settled; and a batch of the spec was checked and published, too."""
        return self.progress.done and (self.batch.policy is None or self.closing is not None)

    @property
    def stopped(self) -> bool:
        """Nothing moves until a person decides."""
        stands = self.progress.paused and not (self.progress.held or self.progress.ready or self.progress.done)
        return bool(stands and self.stop and not self.stop.resumed)

    @property
    def gates(self) -> Iterator[tuple[str, ClosedGate]]:
        """Closed gates with their lanes."""
        return ((lane.lane, gate) for lane in self.progress.lanes for gate in lane.gates)

    @property
    def alive(self) -> int:
        return sum(lane.alive for lane in self.progress.lanes)

    @property
    def slots(self) -> int:
        return sum(lane.cap - lane.margin for lane in self.progress.lanes)


class Audience(Protocol):
    """Who is told: `display.py`, `lines.py`, `events.py`."""

    def look(self, look: Look) -> None:
        """After each look."""

    def settled(self, settled: Settled) -> None:
        """Once for each run, before the look that shows it."""

    def trouble(self, message: str) -> None:
        """Redis or the ledger cannot be read now."""

    def close(self) -> None:
        """Nothing more comes."""


@dataclass(slots=True)
class _Sample:
    """What the records of single runs say, as of the last time that they were read."""

    read_at: float = -1e9
    received_bytes: int = 0
    troubles: tuple[str, ...] = ()


class Follower:
    """The follow loop of one batch."""

    def __init__(
        self,
        here: Deployment,
        batch: Batch,
        audience: Audience,
        *,
        timeout_s: float | None = None,
        tell_past: bool = True,
    ) -> None:
        """`tell_past`: also the runs that were settled before the first look."""
        self._here = here
        self.tell_past = tell_past
        self._untold: deque[Change] = deque()
        self._batch = batch
        self._audience = audience
        self._changes = Changes(here.reader.view, batch)
        self._begun = time.monotonic()
        self._timeout_s = timeout_s
        self._sample = _Sample()
        self._broken_since: float | None = None
        self._asked_at = -CLOSING_EVERY_S
        self.last: Look | None = None

    def follow(self, interrupts: Interrupts) -> End:
        """Returns when the batch is done or the wait is over. Raises `WorkersDown`, `FlowUnknown`."""
        while True:
            end = self._turn()
            if end:
                return end
            got = interrupts.wait(LOOK_S)
            if got:
                return End.INTERRUPTED if got == signal.SIGINT else End.TERMINATED

    def _turn(self) -> End | None:
        try:
            look = self._look()
        except FlowUnknown:
            raise
        except (redis.RedisError, GovernorError, StoreError) as error:
            self._survive(error)
            return self._over(None)
        self._broken_since = None
        self._audience.look(look)
        self._here.check_workers()
        return self._over(look)

    def _over(self, look: Look | None) -> End | None:
        if look and look.ended:
            return End.DONE
        if look and look.stopped:
            return End.STOPPED
        if look and any(gate.gate is Gate.AUTH for _, gate in look.gates):
            return End.REFUSED
        if self._timeout_s is not None and time.monotonic() - self._begun >= self._timeout_s:
            return End.TIMEOUT
        return None

    def _look(self) -> Look:
        reader = self._here.reader
        self._changes.view = reader.view
        self._untold.extend(change for change in self._changes.look() if change.state.settled)
        self._tell()
        progress = reader.progress(self._batch)
        if not progress.known:
            raise FlowUnknown(f"Redis does not know batch {self._batch.id} (any more)")
        now = time.monotonic()
        if now - self._sample.read_at >= RUNS_EVERY_S:
            self._sample = self._read_runs(now)
        self.last = Look(
            batch=self._batch,
            progress=progress,
            elapsed_s=now - self._begun,
            now_ms=reader.view.now_ms(),
            received_bytes=self._sample.received_bytes,
            troubles=self._sample.troubles,
            closing=self._closing(progress, now),
            stop=self._stop(progress),
        )
        return self.last

    def _closing(self, progress: Progress, now: float) -> Closing | None:
        if self._batch.policy is None or not progress.done or now - self._asked_at < CLOSING_EVERY_S:
            return None
        self._asked_at = now
        return self._here.ledger.closing(self._batch.id)

    def _stop(self, progress: Progress) -> Stop | None:
        if self._batch.policy is None or not progress.paused or progress.held or progress.ready:
            return None
        return self._here.ledger.stop(self._batch.id)

    def _tell(self) -> None:
        """A change stays in the list until it is told, whatever store or Redis do meanwhile."""
        if self.last is None and not self.tell_past:
            self._untold.clear()
        while self._untold:
            self._audience.settled(self._settled(self._untold[0]))
            self._untold.popleft()

    def _settled(self, change: Change) -> Settled:
        ledger, place = self._here.ledger, (self._batch.id, change.lane, change.index)
        failure = ledger.failure(*place) if change.state is RunState.FAILED else None
        item = ledger.item(*place)
        stem = first_stem(self._batch, item)
        return Settled(item=item, stem=stem, state=change.state, failure=failure)

    def _read_runs(self, now: float) -> _Sample:
        landing = list(self._runs(self._changes.in_state(RunState.READY, most=MOST_RUNS)))
        alive = self._runs(self._changes.in_state(RunState.GRANTED, RunState.RUNNING, most=MOST_RUNS))
        troubles = dict.fromkeys(run.trouble for run in [*landing, *alive] if run.trouble)
        return _Sample(now, sum(run.received_bytes or 0 for run in landing), tuple(troubles))

    def _runs(self, places: Iterable[tuple[str, int]]) -> Iterator[RunView]:
        view = self._here.reader.view
        for lane, index in places:
            run = view.run(lane, self._batch.id, index)
            if run:
                yield run

    def _survive(self, error: Exception) -> None:
        """Nothing of the batch depends on us seeing it: say so, and look again."""
        now = time.monotonic()
        self._broken_since = self._broken_since or now
        said = translated(error) if isinstance(error, redis.RedisError) else error
        self._audience.trouble(f"{said}; trying again")
        if now - self._broken_since > COME_BACK_S:
            self._broken_since = now
            self._here.come_back()
