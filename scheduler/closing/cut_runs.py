"""What the closing of a batch has to know of runs that were cut into parts, and does with them."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from forebay.landing.manifest import Manifest
from forebay.landing.places import place_stem
from forebay.scheduler.batches.landed import summed
from forebay.scheduler.closing.publishing import discard_parts, publish_parts
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.splitting.part_results import PartResult, landed_parts
from forebay.scheduler.splitting.split import Cut, Stand
from forebay.scheduler.splitting.subject import Subject
from forebay.store.interface import Store
from forebay.store.policy import Policy
from forebay.store.records import Batch, FailureRecord, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class InParts:
    """A run that landed in parts."""

    subject: Subject
    batch: Batch
    """That of the parts."""
    parts: tuple[PartResult, ...]

    @property
    def stem(self) -> str:
        """Of the place that the whole would have."""
        return place_stem(self.subject.batch, self.subject.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """All runs of one batch that were cut, none of which still goes on."""

    landed: dict[tuple[str, int], InParts]
    lost: dict[tuple[str, int], FailureRecord]
    """Why runs stay failed that were cut, or could not be."""
    canceled: set[tuple[str, int]]
    failed: list[Batch]
    """Parts that ended without all of them having landed; somebody may retry those."""

    @property
    def manifests(self) -> dict[str, Manifest]:
        """What each run that landed in parts came to, by the stem of its place."""
        return {run.stem: summed([part.there for part in run.parts]) for run in self.landed.values()}

    @property
    def batches(self) -> tuple[str, ...]:
        return tuple(run.batch.id for run in self.landed.values())

    def parts_at(self, stem: str) -> tuple[Manifest, ...]:
        """Where the parts of this result are now; none, if it is whole."""
        runs = [run for run in self.landed.values() if run.stem == stem]
        return tuple(part.here for run in runs for part in run.parts)

    def failures(self, means: ClosingServices, batch: Batch) -> Iterator[tuple[Item, FailureRecord]]:
        """All failures of the batch that still stand."""
        for lane, index, failure in standing_failures(means, batch):
            if (lane, index) not in self.landed and (lane, index) not in self.canceled:
                yield means.ledger.item(batch.id, lane, index), self.lost.get((lane, index), failure)

    def publish(self, store: Store, stems: Collection[str], keep: Callable[[], None]) -> None:
        """Publishes the results at these stems that are in parts, and clears their quarantine."""
        for run in self.landed.values():
            if run.stem in stems:
                publish_parts(store, run.parts, keep)
                discard_parts(store, run.subject, keep)


def look_at_parts(means: ClosingServices, batch: Batch, policy: Policy) -> Cuts | None:
    """Cuts what hit a wall and may be cut; None while parts run. Raises what `Splitter.look` raises."""
    cuts = Cuts(landed={}, lost={}, canceled=set(), failed=[])
    if policy.split is None or means.split is None:
        return cuts
    waiting = False
    for lane, index, _ in standing_failures(means, batch):
        cut = means.split(batch, lane, index)
        means.keep()
        waiting = waiting or cut.stand is Stand.WAITING
        _note(cuts, (lane, index), cut, means)
    return None if waiting else cuts


def _note(cuts: Cuts, run: tuple[str, int], cut: Cut, means: ClosingServices) -> None:
    if cut.failure:
        cuts.lost[run] = cut.failure
    if cut.stand is Stand.FAILED and cut.parts:
        cuts.failed.append(cut.parts)
    if cut.stand is Stand.CANCELED:
        cuts.canceled.add(run)
    if cut.stand is Stand.LANDED and cut.subject and cut.parts:
        store = means.store(cut.parts.output)
        parts = landed_parts(means.ledger, store, cut.subject, cut.parts)
        cuts.landed[run] = InParts(subject=cut.subject, batch=cut.parts, parts=parts)


def standing_failures(means: ClosingServices, batch: Batch) -> Iterator[tuple[str, int, FailureRecord]]:
    """Lane, index and failure of each run that nobody took up again since."""
    for flow in batch.flows:
        for index, failure in means.ledger.failures(batch.id, flow.lane):
            if not failure.retried:
                yield flow.lane, index, failure
