"""Closes a batch of which every run has settled: parts, checks, publishing, its manifest, the ledger, a word to people.

In this order, each step repeatable: whatever crashes on the way, the next round begins again and comes to the same end.
The ledger's record of it comes last but for the word to people: a batch that counts as closed needs nothing more.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping

from forebay.config.write_mode import WriteMode
from forebay.landing.batch_manifest import write_batch_manifest
from forebay.landing.errors import PlaceTaken
from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import place_stem
from forebay.scheduler.batches.landed import landed_at_places, landed_item
from forebay.scheduler.batches.landed_runs import LandedRun, landed_runs
from forebay.scheduler.batches.progress import Reader
from forebay.scheduler.closing.checks import Reading, Result, check
from forebay.scheduler.closing.coverage import Covered, coverage
from forebay.scheduler.closing.cut_runs import cut_failed_runs
from forebay.scheduler.closing.grouping import grouped
from forebay.scheduler.closing.messages import of_closing
from forebay.scheduler.closing.overtaken import overtaken
from forebay.scheduler.closing.publishing import Publishing, empty_quarantine
from forebay.scheduler.closing.services import ClosingServices, LockLost
from forebay.scheduler.closing.settled_batch import SettledBatch
from forebay.scheduler.closing.telling import closing_occasion, tell_once
from forebay.store.ledger.batch_policy import Checks, Policy
from forebay.store.ledger.outcomes import Check, Closing, Outcome
from forebay.store.ledger.records import Batch, Item

log = logging.getLogger(__name__)

#: An earlier window that landed is sought among so many.
_MOST_EARLIER = 50


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
    others: dict[str, Manifest] = {}
    # What landed in parts counts as one, whether they were published by an earlier try or not.
    runs = {stem: run for stem, run in landed_runs(store, batch, others).items() if run.whole.part is None}
    settled = SettledBatch(
        services=services,
        batch=batch,
        policy=policy,
        progress=progress,
        store=store,
        cuts=cuts,
        runs=runs,
        manifests={stem: run.whole for stem, run in runs.items()} | cuts.manifests,
        others=others,
        review=services.ledger.last_review(batch.id),
    )
    services.keep()
    if settled.to_check:
        _check(settled, settled.to_check)
    if policy.quarantined and batch.write is WriteMode.FAIL_IF_EXISTS:
        _check_places(settled)
    closing = _closing(settled)
    services.keep()
    _publish(settled, closing)
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


def _check(settled: SettledBatch, checks: Checks) -> None:
    """Checks each result that landed; what its tie-out belongs to stays or goes with it."""
    services, batch = settled.services, settled.batch
    ties = {(item.account, item.ties): item for item in settled.items() if item.ties}
    earlier = _last_window(services, batch) if checks.columns == "contract" or checks.rows_max_change else None
    # Those of a batch that was sorted by account are found together.
    before = landed_runs(services.store(earlier.output), earlier) if earlier and earlier.by_account else {}
    reading = Reading(open=settled.store.open, keep=services.keep)
    for item in settled.items():
        manifest = settled.manifest_of(item)
        if item.ties or manifest is None:
            continue
        tie = ties.get((item.account, item.name))
        result = Result(
            item=item,
            manifest=manifest,
            stored=settled.stored(place_stem(batch, item)),
            earlier=_before(services, earlier, before, item) if earlier else None,
            tie=settled.manifest_of(tie) if tie else None,
        )
        answers = list(check(checks, result, reading))
        settled.checks += answers
        if not all(answer.ok for answer in answers) and not settled.is_released(place_stem(batch, item)):
            settled.bad |= {place_stem(batch, one) for one in (item, tie) if one}
        services.keep()


def _check_places(settled: SettledBatch) -> None:
    """Keeps in quarantine what would take another batch's place, until a person has looked at it."""
    for item in settled.items():
        stem = place_stem(settled.batch, item)
        if stem not in settled.manifests or settled.is_released(stem):
            continue
        # What asks one account, and what asks all of them, would be there side by side.
        those = (other for other in settled.others.values() if other.name == item.name)
        taken = next((other for other in those if settled.is_over_all or other.account in (None, item.account)), None)
        if taken:
            finding = str(PlaceTaken(stem, taken.batch))
            settled.checks.append(
                Check(check="exists", name=item.name, account=item.account, ok=False, finding=finding)
            )
            settled.bad.add(stem)


def _before(services: ClosingServices, earlier: Batch, runs: Mapping[str, LandedRun], item: Item) -> Manifest | None:
    if earlier.sorting_of(item) is None:
        return landed_item(services.store(earlier.output), earlier, item)
    run = runs.get(place_stem(earlier, item))
    return run.whole if run else None


def _last_window(services: ClosingServices, batch: Batch) -> Batch | None:
    """Finds the newest earlier window of the extract of which results count."""
    for number, earlier in enumerate(services.ledger.earlier(batch.id)):
        closing = services.ledger.closing(earlier.id)
        if closing and closing.outcome in ("landed", "partial"):
            return earlier
        if number >= _MOST_EARLIER:
            break
    return None


def _closing(settled: SettledBatch) -> Closing:
    results = [(item, settled.manifest_of(item)) for item in settled.items() if not item.ties]
    manifests = [manifest for _, manifest in results if manifest]
    by_account = settled.batch.by_account is not None
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
            (each for item, manifest in results for each in _covered(settled, item, manifest)),
            sorted_by_account=by_account,
        ),
        failures=grouped(settled.cuts.failures(settled.services, settled.batch)),
        checks=tuple(settled.checks),
        parts=settled.cuts.batches,
        in_quarantine=len(settled.staying(outcome)),
        review=settled.review,
    )


def _covered(settled: SettledBatch, item: Item, own: Manifest | None) -> Iterator[Covered]:
    """Yields account, records and whether it landed, of each result that an item came to."""
    stored = settled.stored(place_stem(settled.batch, item)) if own else tuple(settled.superseding(item))
    if stored and settled.batch.sorting_of(item):
        yield from ((each.account, each.csv.records, True) for each in stored)
    else:
        manifest = own or next(iter(stored), None)
        yield item.account, manifest.csv.records if manifest else None, manifest is not None


def _outcome(settled: SettledBatch) -> Outcome:
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


def _publish(settled: SettledBatch, closing: Closing) -> None:
    """Publishes what does not stay in quarantine, and says in both places how the batch ended."""
    store, batch, keep = settled.store, settled.batch, settled.services.keep
    stay = settled.staying(closing.outcome)
    good = dict.fromkeys(stem for stem in settled.manifests if stem not in stay)  # in order, and looked up often
    # Whoever releases a result after review has seen what it replaces.
    write = WriteMode.REPLACE if settled.review and settled.review.released else batch.write
    publishing = Publishing(store, batch, write, keep, at=closing.at)
    if settled.policy.quarantined:
        publishing.publish(settled.places(good))
    settled.cuts.publish(publishing, good)
    if batch.shares_places and write is WriteMode.REPLACE:
        publishing.remove(_overtaken(settled, good))
    if stay or (settled.policy.quarantined and not good):
        write_batch_manifest(store, batch, closing, _staying(settled, stay), published=False)
    if good or not settled.policy.quarantined:
        write_batch_manifest(store, batch, closing, _published(settled, publishing, good), published=True)
        publishing.remove_replaced()
    settled.cuts.discard(store, good, keep)
    if good and settled.policy.quarantined:
        empty_quarantine(store, batch, {*stay, *settled.places(stay)}, keep)


def _overtaken(settled: SettledBatch, good: Collection[str]) -> dict[str, Manifest]:
    """Finds what other batches landed and would be counted with what is there now."""
    own = [manifest for stem in good for manifest in settled.stored(stem)]
    lacking = {item.name for item in settled.items() if place_stem(settled.batch, item) not in good}
    complete = {manifest.name for manifest in own} - lacking
    stems = overtaken(own, settled.others, whole=settled.is_over_all, complete=complete)
    return {stem: settled.others[stem] for stem in stems}


def _staying(settled: SettledBatch, stay: Collection[str]) -> Iterator[tuple[str, Manifest]]:
    """Lists what stays in quarantine, and by which manifests."""
    for stem in sorted(stay):
        for manifest in settled.stored(stem):
            yield manifest.object.key.removesuffix(f".{manifest.object.format}"), manifest


def _published(settled: SettledBatch, publishing: Publishing, good: Iterable[str]) -> Iterator[tuple[str, Manifest]]:
    """Lists what is at its place, and by which manifests: in a folder that batches share, of all of them."""
    if settled.batch.shares_places:
        yield from landed_at_places(settled.store, settled.batch)
        return
    for stem in good:
        whole = settled.places([stem]).items()
        yield from settled.cuts.placed_at(stem) or ((place, publishing.placed(place, own)) for place, own in whole)
