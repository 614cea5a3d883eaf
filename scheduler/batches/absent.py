"""Finds results that the ledger expects of a batch, and that are not there: for whoever verifies what landed.

By the ledger and the destination alone: a Redis knows more of a batch that goes on, and nothing of one that is old.
"""

from dataclasses import dataclass

from forebay.landing.result_paths import place_stem, whole_of
from forebay.scheduler.batches.landed import is_of_later_batch, landed_at_places, landed_places
from forebay.scheduler.batches.landed_runs import landed_runs
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """What is not there of a batch."""

    missing: tuple[str, ...] = ()
    """Stems of places: the ledger knows of no reason why nothing is there."""
    failed: int = 0
    """Runs that failed."""
    open: int = 0
    """Runs of a batch that is canceled, or may not have come to its end: nobody can tell whether they landed."""


def absent(ledger: Ledger, store: Store, batch: Batch) -> Absent:
    """Compares the batch's items with what has landed of it. Raises StoreError."""
    # What was sorted by account is there when all of it is, which its manifests say.
    there = set(landed_runs(store, batch) if batch.by_account else landed_places(store, batch))
    others = _landed_later(store, batch)
    places: dict[str, list[str]] = {}
    for flow in batch.flows:
        items = list(ledger.items(batch.id, flow.lane))
        places[flow.lane] = [place_stem(batch, item) for item in items]
        # Who asked all accounts at once, or each where this batch asked all, has it at other places.
        there |= {place for place, item in zip(places[flow.lane], items, strict=True) if item.name in others}
    # An item may be called like a part, and is none.
    there |= {whole_of(place) for place in there.difference(*places.values())}
    missing: list[str] = []
    failed = 0
    for lane, expected in places.items():
        gone = {index: place for index, place in enumerate(expected) if place not in there}
        failures = {index for index, failure in ledger.failures(batch.id, lane) if not failure.retried}
        failed += len(gone.keys() & failures)
        missing += [gone[index] for index in gone.keys() - failures]
    if missing and _may_go_on(ledger, batch):
        return Absent(failed=failed, open=len(missing))
    return Absent(missing=tuple(sorted(missing)), failed=failed)


def _landed_later(store: Store, batch: Batch) -> set[str]:
    """Names the queries of which a batch that was accepted later has results in a folder that they share."""
    if not batch.shares_places:
        return set()
    return {each.name for _, each in landed_at_places(store, batch) if is_of_later_batch(batch, each)}


def _may_go_on(ledger: Ledger, batch: Batch) -> bool:
    if ledger.canceled_at(batch.id) is not None:
        return True
    if (closing := ledger.closing(batch.id)) and not closing.reopened:
        return False
    return segment(batch.id) in ledger.open_marks.all(segment(batch.id))
