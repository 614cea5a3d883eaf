"""Holds a batch of which every run has settled, and what its results turn out to be: what `closing` works with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import is_in_quarantine, place_stem
from forebay.scheduler.batches.landed import is_of_later_batch
from forebay.scheduler.batches.landed_runs import LandedRun
from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.closing.cut_runs import Cuts
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Checks, Policy
from forebay.store.ledger.outcomes import Check, Outcome, Review
from forebay.store.ledger.records import Batch, Item


@dataclass(slots=True, kw_only=True)
class SettledBatch:
    """The batch in hand."""

    services: ClosingServices
    batch: Batch
    policy: Policy
    progress: Progress
    store: Store
    """Its destination."""
    cuts: Cuts
    runs: dict[str, LandedRun]
    """Those that were not cut, by the stem of the item's place."""
    manifests: dict[str, Manifest]
    """By that too; of one that landed in parts, or by account, what it came to."""
    others: dict[str, Manifest]
    """What other batches landed in a folder that they share with it, by its stem."""
    review: Review | None
    """What people decided about an earlier closing of it."""
    checks: list[Check] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    """Stems of places whose results failed a check, and were not released."""

    @property
    def landed(self) -> int:
        return self.progress.landed + len(self.cuts.landed)

    @property
    def failed(self) -> int:
        return self.progress.failed - len(self.cuts.landed) - len(self.cuts.canceled)

    @property
    def canceled(self) -> int:
        return self.progress.canceled + len(self.cuts.canceled)

    @property
    def is_over_all(self) -> bool:
        """Tells whether each result is one over all accounts: who is not in it has nothing."""
        return self.policy.fan_out == "organization"

    @property
    def to_check(self) -> Checks | None:
        rechecked = self.review.rechecked if self.review else None
        return rechecked.checks if rechecked else self.policy.checks

    def is_released(self, stem: str) -> bool:
        """Tells whether a person released the very result that is at this place."""
        released = self.review.released if self.review else None
        return released is not None and all(stored.landed_at <= released.at for stored in self.stored(stem))

    def staying(self, outcome: Outcome) -> set[str]:
        """Lists the places whose results stay in quarantine.

        Of `per_item` that is what failed its checks, of `all_or_nothing` everything or nothing; what a person released
        goes in any case. What is published already failed only a later check, and cannot be taken back.
        """
        if not self.policy.quarantined:
            return set()
        some = self.policy.publish == "per_item" or outcome == "landed"
        bad = self.bad if some else {stem for stem in self.manifests if not self.is_released(stem)}
        waiting = (stem for stem in bad if stem in self.manifests)
        return {stem for stem in waiting if any(is_in_quarantine(each.object.key) for each in self.stored(stem))}

    def stored(self, stem: str) -> tuple[Manifest, ...]:
        """Lists what its bytes are in, where they are now."""
        return self.cuts.parts_at(stem) or tuple(self.runs[stem].results.values())

    def superseding(self, item: Item) -> Iterator[Manifest]:
        """Finds what a batch that was accepted later landed at the item's place, or at those of its accounts."""
        if self.batch.sorting_of(item):
            found = [other for other in self.others.values() if other.by_account and other.name == item.name]
        else:
            found = [other for other in [self.others.get(place_stem(self.batch, item))] if other]
        return (other for other in found if is_of_later_batch(self.batch, other))

    def places(self, stems: Iterable[str]) -> dict[str, Manifest]:
        """Finds the places of these results, those of their accounts where they were sorted; not those of parts."""
        runs = (self.runs[stem] for stem in stems if stem in self.runs)
        return {place: manifest for run in runs for place, manifest in run.results.items()}

    def items(self) -> Iterator[Item]:
        for flow in self.batch.flows:
            yield from self.services.ledger.items(self.batch.id, flow.lane)

    def manifest_of(self, item: Item) -> Manifest | None:
        return self.manifests.get(place_stem(self.batch, item))
