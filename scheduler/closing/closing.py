"""Closes a batch of which every run has settled: parts, checks, publishing, its manifest, the ledger, a word to people.

In this order, each step repeatable: whatever crashes on the way, the next look begins again and comes to the same end.
The ledger's `closed.json` comes last but for the word to people: a batch that counts as closed needs nothing more.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from forebay.landing.manifest import Manifest
from forebay.landing.places import place_stem
from forebay.scheduler.batches.landed import landed, landed_item
from forebay.scheduler.batches.progress import Progress, Reader
from forebay.scheduler.closing.checks import Reading, Result, check
from forebay.scheduler.closing.coverage import coverage
from forebay.scheduler.closing.cut_runs import Cuts, look_at_parts
from forebay.scheduler.closing.grouping import grouped
from forebay.scheduler.closing.messages import of_closing
from forebay.scheduler.closing.publishing import empty_quarantine, publish, write_batch_manifest
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.closing.telling import closing_occasion, tell_once
from forebay.store.interface import Store
from forebay.store.policy import Check, Closing, Outcome, Policy
from forebay.store.records import Batch, Item

log = logging.getLogger(__name__)

#: An earlier window that landed is looked for among so many.
_MOST_EARLIER = 50


@dataclass(slots=True, kw_only=True)
class _Findings:
    """What one pass over the batch's items found."""

    manifests: dict[str, Manifest]
    """By the stem of the item's place; of one that landed in parts, what they come to."""
    cuts: Cuts
    checks: list[Check] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    """Stems of places whose results failed a check."""


def close(means: ClosingServices, batch: Batch, policy: Policy, progress: Progress) -> Closing | None:
    """Closes a batch; None while it waits for its parts. Raises StoreError and `LockLost`: then again later."""
    cuts = look_at_parts(means, batch, policy)
    if cuts is None:
        return None
    store = means.store(batch.output)
    # What landed in parts counts as one, whether they were published by an earlier try or not.
    whole = {stem: manifest for stem, manifest in landed(store, batch) if manifest.part is None}
    found = _Findings(manifests=whole | cuts.manifests, cuts=cuts)
    means.keep()
    if policy.checks:
        _check(means, store, batch, policy, found)
    closing = _closing(means, batch, policy, progress, found)
    if policy.quarantined:
        _publish(means, store, batch, policy, closing, found)
    else:
        cuts.publish(store, cuts.manifests, means.keep)
        write_batch_manifest(store, batch, closing, published=True)
    means.keep()
    means.ledger.record_closing(batch.id, closing)
    reader = Reader(means.ledger, means.redis)
    if not all(reader.progress(one).done for one in (batch, *cuts.failed)):
        means.ledger.reopen(batch.id)  # somebody retried it while it was being closed
        return None
    log.info("closed: %s", closing.outcome, extra={"event": "closed", "batch": batch.id, "outcome": closing.outcome})
    tell_closed(means, batch, closing)
    return closing


def tell_closed(means: ClosingServices, batch: Batch, closing: Closing) -> None:
    """Tells people how it ended, once."""
    kind = "landed" if closing.outcome == "landed" else "failed"
    if closing.outcome not in ("canceled", "stopped"):  # whoever canceled it knows, and was told of the stop before
        tell_once(means, batch, closing_occasion(closing), of_closing(batch, closing), kind=kind)


def _items(means: ClosingServices, batch: Batch) -> Iterator[tuple[str, int, Item]]:
    for flow in batch.flows:
        for index, item in enumerate(means.ledger.items(batch.id, flow.lane)):
            yield flow.lane, index, item


def _check(means: ClosingServices, store: Store, batch: Batch, policy: Policy, found: _Findings) -> None:
    """Checks each result that landed; what its tie-out belongs to stays or goes with it."""
    checks = policy.checks
    assert checks  # noqa: S101 - the caller asked for them
    ties = {(item.account, item.ties): item for _, _, item in _items(means, batch) if item.ties}
    earlier = _last_window(means, batch) if checks.columns == "contract" or checks.rows_max_change else None
    reading = Reading(open=store.open, keep=means.keep)
    for _, _, item in _items(means, batch):
        manifest = found.manifests.get(place_stem(batch, item))
        if item.ties or manifest is None:
            continue
        tie = ties.get((item.account, item.name))
        result = Result(
            item=item,
            manifest=manifest,
            parts=found.cuts.parts_at(place_stem(batch, item)),
            earlier=landed_item(means.store(earlier.output), earlier, item) if earlier else None,
            tie=found.manifests.get(place_stem(batch, tie)) if tie else None,
        )
        said = list(check(checks, result, reading))
        found.checks += said
        if not all(one.ok for one in said):
            found.bad |= {place_stem(batch, one) for one in (item, tie) if one}
        means.keep()


def _last_window(means: ClosingServices, batch: Batch) -> Batch | None:
    """The newest earlier window of the extract of which results count."""
    for looked, earlier in enumerate(means.ledger.earlier(batch.id)):
        closing = means.ledger.closing(earlier.id)
        if closing and closing.outcome in ("landed", "partial"):
            return earlier
        if looked >= _MOST_EARLIER:
            break
    return None


def _closing(means: ClosingServices, batch: Batch, policy: Policy, progress: Progress, found: _Findings) -> Closing:
    results = [
        (item, found.manifests.get(place_stem(batch, item))) for _, _, item in _items(means, batch) if not item.ties
    ]
    manifests = [manifest for _, manifest in results if manifest]
    in_parts, canceled = len(found.cuts.landed), len(found.cuts.canceled)
    failed = progress.failed - in_parts - canceled
    counts = (progress.landed + in_parts, failed, progress.canceled + canceled)
    return Closing(
        at=means.now(),
        outcome=_outcome(means, batch, policy, counts, found),
        runs=progress.size,
        landed=counts[0],
        failed=counts[1],
        canceled=counts[2],
        stored_bytes=sum(manifest.object.bytes for manifest in manifests),
        records=sum(manifest.csv.records or 0 for manifest in manifests),
        coverage=coverage(
            policy.accounts,
            (
                (item.account, manifest.csv.records if manifest else None, manifest is not None)
                for item, manifest in results
            ),
        ),
        failures=grouped(found.cuts.failures(means, batch)),
        checks=tuple(found.checks),
        parts=found.cuts.batches,
    )


def _outcome(
    means: ClosingServices, batch: Batch, policy: Policy, counts: tuple[int, int, int], found: _Findings
) -> Outcome:
    """`stopped`: canceled after its canary or `stop_after` had paused it, and nobody let it go on."""
    landed_runs, failed, canceled = counts
    if canceled:
        stop = means.ledger.stop(batch.id)
        return "stopped" if stop and not stop.resumed else "canceled"
    if found.bad:
        return "checks_failed"
    if not failed:
        return "landed"
    return "partial" if landed_runs and policy.publish == "per_item" else "failed"


def _publish(
    means: ClosingServices, store: Store, batch: Batch, policy: Policy, closing: Closing, found: _Findings
) -> None:
    """Of `per_item` what passed its checks, of `all_or_nothing` everything or nothing."""
    all_well = closing.outcome == "landed"
    bad = found.bad if policy.publish == "per_item" or all_well else set(found.manifests)
    good = [stem for stem in found.manifests if stem not in bad]
    publish(store, good, means.keep)
    found.cuts.publish(store, good, means.keep)
    if bad or not good:
        write_batch_manifest(store, batch, closing, published=False)
    if good:
        write_batch_manifest(store, batch, closing, published=True)
        empty_quarantine(store, batch, bad, means.keep)
