"""Cuts runs of a batch that hit a wall, and keeps for its closing what became of each that was cut."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import place_stem
from forebay.scheduler.batches.landed import summed
from forebay.scheduler.closing.publishing import Publishing, discard_parts
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.scheduler.splitting.part_results import PartResult, landed_parts
from forebay.scheduler.splitting.splitter import Cut, Stand
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.records import Batch, FailureRecord, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedInParts:
    """A run that landed in parts."""

    run: Cuttable
    batch: Batch
    """That of the parts."""
    parts: tuple[PartResult, ...]

    @property
    def stem(self) -> str:
        """Names the place that the whole would have."""
        return place_stem(self.run.batch, self.run.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """All runs of one batch that were cut, none of which still goes on."""

    landed: dict[tuple[str, int], LandedInParts]
    lost: dict[tuple[str, int], FailureRecord]
    """Why runs stay failed that were cut, or could not be."""
    canceled: set[tuple[str, int]]
    failed: list[Batch]
    """Parts that ended without all of them having landed; somebody may retry those."""

    @property
    def manifests(self) -> dict[str, Manifest]:
        """Sums up each run that landed in parts, by the stem of its place."""
        return {one.stem: summed([part.there for part in one.parts]) for one in self.landed.values()}

    @property
    def batches(self) -> tuple[str, ...]:
        """Names the batches of the parts that landed."""
        return tuple(one.batch.id for one in self.landed.values())

    def parts_at(self, stem: str) -> tuple[Manifest, ...]:
        """Finds where the parts of this result are now; none, if it is whole."""
        return tuple(part.here for one in self.landed.values() if one.stem == stem for part in one.parts)

    def placed_at(self, stem: str) -> tuple[tuple[str, Manifest], ...]:
        """Finds the places of this result's parts, and what their manifests say there; none, if it is whole."""
        return tuple((part.place, part.there) for one in self.landed.values() if one.stem == stem for part in one.parts)

    def failures(self, services: ClosingServices, batch: Batch) -> Iterator[tuple[Item, FailureRecord]]:
        """Yields all failures of the batch that still stand."""
        for lane, index, failure in standing_failures(services, batch):
            if (lane, index) not in self.landed and (lane, index) not in self.canceled:
                yield services.ledger.item(batch.id, lane, index), self.lost.get((lane, index), failure)

    def publish(self, publishing: Publishing, stems: Collection[str]) -> None:
        """Publishes the results at these stems that are in parts."""
        for one in self.landed.values():
            if one.stem in stems:
                publishing.publish_parts(one.stem, one.parts)

    def discard(self, store: Store, stems: Collection[str], keep: Callable[[], None]) -> None:
        """Clears the quarantine of those."""
        for one in self.landed.values():
            if one.stem in stems:
                discard_parts(store, one.run, keep)


def cut_failed_runs(services: ClosingServices, batch: Batch, policy: Policy) -> Cuts | None:
    """Cuts what hit a wall and may be cut; None while parts run. Raises what `Splitter.split` raises."""
    cuts = Cuts(landed={}, lost={}, canceled=set(), failed=[])
    if policy.split is None or services.split is None:
        return cuts
    waiting = False
    for lane, index, _ in standing_failures(services, batch):
        cut = services.split(batch, lane, index)
        services.keep()
        waiting = waiting or cut.stand is Stand.WAITING
        _note(cuts, (lane, index), cut, services)
    return None if waiting else cuts


def _note(cuts: Cuts, run: tuple[str, int], cut: Cut, services: ClosingServices) -> None:
    if cut.failure:
        cuts.lost[run] = cut.failure
    if cut.stand is Stand.FAILED and cut.parts:
        cuts.failed.append(cut.parts)
    if cut.stand is Stand.CANCELED:
        cuts.canceled.add(run)
    if cut.stand is Stand.LANDED and cut.run and cut.parts:
        store = services.store(cut.parts.output)
        parts = landed_parts(services.ledger, store, cut.run, cut.parts)
        cuts.landed[run] = LandedInParts(run=cut.run, batch=cut.parts, parts=parts)


def standing_failures(services: ClosingServices, batch: Batch) -> Iterator[tuple[str, int, FailureRecord]]:
    """Yields lane, index and failure of each run that stands as failed: nobody took it up again, and it has not landed.

    A holder that slept may leave a failure behind of a run that another has landed.
    """
    view = View(services.redis)
    for flow in batch.flows:
        for index, failure in services.ledger.failures(batch.id, flow.lane):
            if not failure.retried and view.states(flow.lane, batch.id, index, index + 1) == [RunState.FAILED]:
                yield flow.lane, index, failure
