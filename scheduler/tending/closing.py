"""Closes a batch of which every run has settled: parts, checks, publishing, its manifest, the ledger, a word to people.

In this order, each step repeatable: whatever crashes on the way, the next look begins again and comes to the same end.
The ledger's `closed.json` comes last but for the word to people: a batch that counts as closed needs nothing more.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from landing.manifest import Manifest, read_manifest
from landing.places import place_stem
from scheduler.landed import landed
from scheduler.progress import Progress, Reader
from scheduler.tending.checks import Reading, Result, check
from scheduler.tending.coverage import coverage
from scheduler.tending.grouping import grouped
from scheduler.tending.means import Means
from scheduler.tending.messages import of_closing
from scheduler.tending.publishing import empty_quarantine, publish, write_batch_manifest
from scheduler.tending.telling import closing_occasion, tell_once
from store.interface import Store
from store.policy import Check, Closing, Outcome, Policy
from store.records import Batch, FailureRecord, Item

log = logging.getLogger(__name__)

#: Failures at a wall of Stripe's, past which parts of the window may get.
WALLS = frozenset({"too_big", "too_long"})
#: An earlier window that landed is looked for among so many.
_MOST_EARLIER = 50


@dataclass(slots=True, kw_only=True)
class _Findings:
    """What one pass over the batch's items found."""

    manifests: dict[str, Manifest]
    parted: frozenset[tuple[str, int]]
    """Runs (lane, index) whose parts have landed in their stead."""
    checks: list[Check] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    """Stems of places whose results failed a check."""


def close(means: Means, batch: Batch, policy: Policy, progress: Progress) -> Closing | None:
    """Closes a batch; None while it waits for its parts. Raises StoreError and `LockLost`: then again later."""
    parts = _parts(means, batch, policy)
    if parts is None:
        return None
    store = means.store(batch.output)
    found = _Findings(
        manifests=dict(landed(store, batch)), parted=frozenset(run for run, (_, whole) in parts.items() if whole)
    )
    means.keep()
    if policy.checks:
        _check(means, store, batch, policy, found)
    closing = _closing(means, batch, policy, progress, found, tuple(child for child, _ in parts.values()))
    if policy.quarantined:
        _publish(means, store, batch, policy, closing, found)
    else:
        write_batch_manifest(store, batch, closing, published=True)
    means.keep()
    means.ledger.record_closing(batch.id, closing)
    if not Reader(means.ledger, means.redis).progress(batch).done:
        means.ledger.reopen(batch.id)  # somebody retried it while it was being closed
        return None
    log.info("closed: %s", closing.outcome, extra={"event": "closed", "batch": batch.id, "outcome": closing.outcome})
    tell_closed(means, batch, closing)
    return closing


def tell_closed(means: Means, batch: Batch, closing: Closing) -> None:
    """Tells people how it ended, once."""
    kind = "landed" if closing.outcome == "landed" else "failed"
    if closing.outcome != "canceled":  # whoever canceled it knows
        tell_once(means, batch, closing_occasion(closing), of_closing(batch, closing), kind=kind)


def _parts(means: Means, batch: Batch, policy: Policy) -> dict[tuple[str, int], tuple[str, bool]] | None:
    """For each run that was cut: the batch of its parts, and whether all of them landed. None: wait for them."""
    parts: dict[tuple[str, int], tuple[str, bool]] = {}
    if policy.split is None or means.split is None or means.ledger.canceled_at(batch.id):
        return parts
    waiting = False
    for lane, index, failure in _failures(means, batch):
        child = means.split(batch, lane, index) if failure.error_class in WALLS else None
        means.keep()
        if child is None:
            continue
        closing = means.ledger.closing(child)
        waiting = waiting or closing is None
        parts[lane, index] = (child, closing is not None and closing.outcome == "landed")
    return None if waiting else parts


def _failures(means: Means, batch: Batch) -> Iterator[tuple[str, int, FailureRecord]]:
    """Failures that still stand."""
    for flow in batch.flows:
        for index, failure in means.ledger.failures(batch.id, flow.lane):
            if not failure.retried:
                yield flow.lane, index, failure


def _items(means: Means, batch: Batch) -> Iterator[tuple[str, int, Item]]:
    for flow in batch.flows:
        for index, item in enumerate(means.ledger.items(batch.id, flow.lane)):
            yield flow.lane, index, item


def _check(means: Means, store: Store, batch: Batch, policy: Policy, found: _Findings) -> None:
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
            earlier=read_manifest(means.store(earlier.output), place_stem(earlier, item)) if earlier else None,
            tie=found.manifests.get(place_stem(batch, tie)) if tie else None,
        )
        said = list(check(checks, result, reading))
        found.checks += said
        if not all(one.ok for one in said):
            found.bad |= {place_stem(batch, one) for one in (item, tie) if one}
        means.keep()


def _last_window(means: Means, batch: Batch) -> Batch | None:
    """The newest earlier window of the extract of which results count."""
    for looked, earlier in enumerate(means.ledger.earlier(batch.id)):
        closing = means.ledger.closing(earlier.id)
        if closing and closing.outcome in ("landed", "partial"):
            return earlier
        if looked >= _MOST_EARLIER:
            break
    return None


def _closing(
    means: Means, batch: Batch, policy: Policy, progress: Progress, found: _Findings, parts: tuple[str, ...]
) -> Closing:
    results = [
        (item, found.manifests.get(place_stem(batch, item)), (lane, index) in found.parted)
        for lane, index, item in _items(means, batch)
        if not item.ties
    ]
    manifests = [manifest for _, manifest, _ in results if manifest]
    failures = (
        (means.ledger.item(batch.id, lane, index), failure)
        for lane, index, failure in _failures(means, batch)
        if (lane, index) not in found.parted
    )
    parted = len(found.parted)
    counts = (progress.landed + parted, progress.failed - parted, progress.canceled)
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
                (item.account, manifest.csv.records if manifest else None, bool(manifest) or parted_well)
                for item, manifest, parted_well in results
            ),
        ),
        failures=grouped(failures),
        checks=tuple(found.checks),
        parts=parts,
    )


def _outcome(means: Means, batch: Batch, policy: Policy, counts: tuple[int, int, int], found: _Findings) -> Outcome:
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


def _publish(means: Means, store: Store, batch: Batch, policy: Policy, closing: Closing, found: _Findings) -> None:
    """Of `per_item` what passed its checks, of `all_or_nothing` everything or nothing."""
    all_well = closing.outcome == "landed"
    bad = found.bad if policy.publish == "per_item" or all_well else set(found.manifests)
    good = [stem for stem in found.manifests if stem not in bad]
    publish(store, good, means.keep)
    if bad or not good:
        write_batch_manifest(store, batch, closing, published=False)
    if good:
        write_batch_manifest(store, batch, closing, published=True)
        empty_quarantine(store, batch, bad, means.keep)
