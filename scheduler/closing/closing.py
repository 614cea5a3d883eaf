"""Closes a batch of which every run has settled: parts, checks, publishing, its manifest, the ledger, a word to people.

In this order, each step repeatable: whatever crashes on the way, the next round begins again and comes to the same end.
The ledger's record of it comes last but for the word to people: a batch that counts as closed needs nothing more.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from forebay.landing.batch_manifest import write_batch_manifest
from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import place_stem, quarantined
from forebay.scheduler.batches.landed import landed, landed_item
from forebay.scheduler.batches.progress import Progress, Reader
from forebay.scheduler.closing.checks import Reading, Result, check
from forebay.scheduler.closing.coverage import coverage
from forebay.scheduler.closing.cut_runs import Cuts, cut_failed_runs
from forebay.scheduler.closing.grouping import grouped
from forebay.scheduler.closing.messages import of_closing
from forebay.scheduler.closing.publishing import empty_quarantine, publish
from forebay.scheduler.closing.services import ClosingServices, LockLost
from forebay.scheduler.closing.telling import closing_occasion, tell_once
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Checks, Policy
from forebay.store.ledger.outcomes import Check, Closing, Outcome, Review
from forebay.store.ledger.records import Batch, Item

log = logging.getLogger(__name__)

#: An earlier window that landed is sought among so many.
_MOST_EARLIER = 50


@dataclass(slots=True, kw_only=True)
class _Settled:
    """The batch in hand, all of whose runs have settled, and what its results turn out to be."""

    services: ClosingServices
    batch: Batch
    policy: Policy
    progress: Progress
    store: Store
    """Its destination."""
    cuts: Cuts
    manifests: dict[str, Manifest]
    """By the stem of the item's place; of one that landed in parts, what they come to."""
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
        return {stem for stem in bad if stem in self.manifests and any(map(_is_in_quarantine, self.stored(stem)))}

    def stored(self, stem: str) -> tuple[Manifest, ...]:
        """Lists what its bytes are in, where they are now."""
        return self.cuts.parts_at(stem) or (self.manifests[stem],)

    def placed(self, stems: Iterable[str]) -> Iterator[Manifest]:
        """Lists what is, or will be, at these places."""
        for stem in stems:
            yield from self.cuts.placed_at(stem) or (self.manifests[stem],)

    def items(self) -> Iterator[Item]:
        for flow in self.batch.flows:
            yield from self.services.ledger.items(self.batch.id, flow.lane)

    def manifest_of(self, item: Item) -> Manifest | None:
        return self.manifests.get(place_stem(self.batch, item))


def _is_in_quarantine(manifest: Manifest) -> bool:
    """Tells whether a result waits for its batch to be published."""
    return manifest.object.key.startswith(quarantined(""))


def close(services: ClosingServices, batch: Batch, policy: Policy) -> Closing | None:
    """Closes a batch; None while it waits for its parts. Raises StoreError and `LockLost`: then again later."""
    # Before all else that is read: who sleeps from here on finds that another word on its end was written.
    before = services.ledger.closings(batch.id)
    reader = Reader(services.ledger, services.redis)
    progress = reader.progress(batch)
    if not progress.done:
        return None
    cuts = cut_failed_runs(services, batch, policy)
    if cuts is None:
        return None
    store = services.store(batch.output)
    # What landed in parts counts as one, whether they were published by an earlier try or not.
    whole = {stem: manifest for stem, manifest in landed(store, batch) if manifest.part is None}
    settled = _Settled(
        services=services,
        batch=batch,
        policy=policy,
        progress=progress,
        store=store,
        cuts=cuts,
        manifests=whole | cuts.manifests,
        review=services.ledger.last_review(batch.id),
    )
    services.keep()
    if settled.to_check:
        _check(settled, settled.to_check)
    closing = _closing(settled)
    services.keep()
    if policy.quarantined:
        _publish(settled, closing)
    else:
        cuts.publish(store, cuts.manifests, services.keep, at=closing.at)
        write_batch_manifest(store, batch, closing, settled.placed(settled.manifests), published=True)
    services.keep()
    if not services.ledger.record_closing(batch.id, closing, after=before):
        raise LockLost("another closed it, or somebody took it up again")
    if not all(reader.progress(one).done for one in (batch, *cuts.failed)):
        services.ledger.reopen(batch.id)  # somebody retried it while it was being closed
        return None
    log.info("closed: %s", closing.outcome, extra={"event": "closed", "batch": batch.id, "outcome": closing.outcome})
    tell_closed(services, batch, closing)
    return closing


def tell_closed(services: ClosingServices, batch: Batch, closing: Closing) -> None:
    """Tells people how it ended, once."""
    kind = "landed" if closing.outcome == "landed" else "failed"
    if closing.outcome not in ("canceled", "stopped"):  # whoever canceled it knows, and was told of the stop before
        tell_once(services, batch, closing_occasion(closing), of_closing(batch, closing), kind=kind)


def _check(settled: _Settled, checks: Checks) -> None:
    """Checks each result that landed; what its tie-out belongs to stays or goes with it."""
    services, batch = settled.services, settled.batch
    ties = {(item.account, item.ties): item for item in settled.items() if item.ties}
    earlier = _last_window(services, batch) if checks.columns == "contract" or checks.rows_max_change else None
    reading = Reading(open=settled.store.open, keep=services.keep)
    for item in settled.items():
        manifest = settled.manifest_of(item)
        if item.ties or manifest is None:
            continue
        tie = ties.get((item.account, item.name))
        result = Result(
            item=item,
            manifest=manifest,
            parts=settled.cuts.parts_at(place_stem(batch, item)),
            earlier=landed_item(services.store(earlier.output), earlier, item) if earlier else None,
            tie=settled.manifest_of(tie) if tie else None,
        )
        answers = list(check(checks, result, reading))
        settled.checks += answers
        if not all(answer.ok for answer in answers) and not settled.is_released(place_stem(batch, item)):
            settled.bad |= {place_stem(batch, one) for one in (item, tie) if one}
        services.keep()


def _last_window(services: ClosingServices, batch: Batch) -> Batch | None:
    """Finds the newest earlier window of the extract of which results count."""
    for number, earlier in enumerate(services.ledger.earlier(batch.id)):
        closing = services.ledger.closing(earlier.id)
        if closing and closing.outcome in ("landed", "partial"):
            return earlier
        if number >= _MOST_EARLIER:
            break
    return None


def _closing(settled: _Settled) -> Closing:
    results = [(item, settled.manifest_of(item)) for item in settled.items() if not item.ties]
    manifests = [manifest for _, manifest in results if manifest]
    outcome = _outcome(settled)
    return Closing(
        at=settled.services.now(),
        outcome=outcome,
        runs=settled.progress.size,
        landed=settled.landed,
        failed=settled.failed,
        canceled=settled.canceled,
        stored_bytes=sum(manifest.object.bytes for manifest in manifests),
        records=sum(manifest.csv.records or 0 for manifest in manifests),
        coverage=coverage(
            settled.policy.accounts,
            (
                (item.account, manifest.csv.records if manifest else None, manifest is not None)
                for item, manifest in results
            ),
        ),
        failures=grouped(settled.cuts.failures(settled.services, settled.batch)),
        checks=tuple(settled.checks),
        parts=settled.cuts.batches,
        in_quarantine=len(settled.staying(outcome)),
        review=settled.review,
    )


def _outcome(settled: _Settled) -> Outcome:
    """Says how it ended; `stopped` is canceled after its canary or `stop_after` paused it, and nobody let it go on."""
    if settled.canceled:
        stop = settled.services.ledger.stop(settled.batch.id)
        return "stopped" if stop and not stop.resumed else "canceled"
    if settled.bad:
        return "checks_failed"
    if not settled.failed:
        return "landed"
    released = settled.review is not None and settled.review.released is not None
    some = settled.policy.publish == "per_item" or released
    return "partial" if settled.landed and some else "failed"


def _publish(settled: _Settled, closing: Closing) -> None:
    """Publishes what does not stay in quarantine, and says in both places how the batch ended."""
    store, batch, keep = settled.store, settled.batch, settled.services.keep
    stay = settled.staying(closing.outcome)
    good = [stem for stem in settled.manifests if stem not in stay]
    publish(store, good, keep, at=closing.at)
    settled.cuts.publish(store, good, keep, at=closing.at)
    if stay or not good:
        staying = [manifest for stem in sorted(stay) for manifest in settled.stored(stem)]
        write_batch_manifest(store, batch, closing, staying, published=False)
    if good:
        write_batch_manifest(store, batch, closing, settled.placed(good), published=True)
        empty_quarantine(store, batch, stay, keep)
