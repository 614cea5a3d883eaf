"""Defines what is told while a batch is followed, and who may be told: the follower here, a way to show it there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from forebay.cli.output.cause import Cause
from forebay.governor.seen import ClosedGate
from forebay.governor.states import RunState
from forebay.scheduler.batches.progress import Progress
from forebay.store.ledger.outcomes import Closing, Stop
from forebay.store.ledger.records import Batch, FailureRecord, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A run that came to its end."""

    batch: Batch
    item: Item
    stem: str | None
    """Where its result is, or would be, below the batch's output."""
    state: RunState
    failure: FailureRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How the batch stands at one moment."""

    batch: Batch
    progress: Progress
    elapsed_s: float
    now_ms: int
    received_bytes: int
    """What has come of results that are on their way."""
    causes: tuple[Cause, ...] = ()
    """What keeps it from getting on, the worst first."""
    closing: Closing | None = None
    """How a batch of the spec was closed, once it is."""
    stop: Stop | None = None
    """Why its closer paused it."""

    @property
    def ended(self) -> bool:
        """Says whether all has settled, and a batch of the spec was checked and published, too."""
        return self.progress.done and (self.closing is not None or not self.batch.needs_closing)

    @property
    def stopped(self) -> bool:
        """Says whether nothing moves until a person decides."""
        stands = self.progress.paused and not (self.progress.held or self.progress.ready or self.progress.done)
        return bool(stands and self.stop and not self.stop.resumed)

    @property
    def gates(self) -> Iterator[tuple[str, ClosedGate]]:
        """Yields the closed gates with their lanes."""
        return ((lane.lane, gate) for lane in self.progress.lanes for gate in lane.gates)

    @property
    def taken(self) -> int:
        """Counts the slots that are taken, by this batch and others."""
        return sum(lane.held for lane in self.progress.lanes)

    @property
    def slots(self) -> int:
        """Counts the slots of the batch's lanes."""
        return sum(lane.cap - lane.margin for lane in self.progress.lanes)


class Audience(Protocol):
    """Whoever is told: a `Display`, `Lines`, `JsonEvents` or `Quiet`. It may be told of several batches in turn."""

    def show(self, snapshot: Snapshot) -> None:
        """Takes how the batch stands now, several times a second."""

    def settled(self, settled: Settled) -> None:
        """Takes each run once, before the snapshot that counts it."""

    def trouble(self, cause: Cause, elapsed_s: float) -> None:
        """Takes why Redis or the ledger cannot be read now, as often as they cannot."""

    def close(self) -> None:
        """Ends it: nothing more comes."""
