"""Compares what two batches of the same items landed, one item after the other: by their manifests, and where these
differ by their rows.

Reads the ledger and the destination, and asks neither Redis nor Stripe. Whoever calls it waited for both batches.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from forebay.config.stripe import Api
from forebay.landing.errors import LandingError
from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import place_stem
from forebay.landing.rows import read_rows
from forebay.scheduler.batches.landed import landed
from forebay.scheduler.comparing.row_differences import RowDifferences, compare_rows
from forebay.scheduler.comparing.shadow_report import Comparison, FailedSide, LandedSide, Verdict
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord, Item

_MENDED = "the two were asked with other texts: one of them was mended"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One batch, and all that its runs came to."""

    batch: Batch
    store: Store
    manifests: Mapping[str, Manifest]
    """By the stems of their places."""
    failures: Mapping[tuple[str, int], FailureRecord]
    """By lane and index."""

    @classmethod
    def of(cls, ledger: Ledger, store: Store, batch: Batch) -> "_Side":
        failures = {
            (flow.lane, index): failure
            for flow in batch.flows
            for index, failure in ledger.failures(batch.id, flow.lane)
            if not failure.retried
        }
        return cls(batch=batch, store=store, manifests=dict(landed(store, batch)), failures=failures)

    def of_item(self, lane: str, index: int, item: Item) -> Manifest | FailureRecord | None:
        """Finds what one item came to."""
        return self.manifests.get(place_stem(self.batch, item)) or self.failures.get((lane, index))

    def rows(self, manifest: Manifest) -> Iterator[list[str]]:
        """Reads a result's rows. Raises `LandingError` and StoreError."""
        stored = manifest.object
        return read_rows(self.store.open(stored.key), stored.format, manifest.csv.bytes)


def compare_batches(
    ledger: Ledger,
    open_store: Callable[[str], Store],
    batches: Mapping[Api, Batch],
    *,
    reading: Callable[[Item, int], None] = lambda _item, _bytes: None,
) -> Iterator[Comparison]:
    """Yields what came of each item, in their order. Raises StoreError where a batch cannot be read.

    `reading` hears of each item whose rows are about to be read, and of how many bytes of CSV they are.
    """
    first, second = (_Side.of(ledger, open_store(batch.output), batch) for batch in map(batches.__getitem__, Api))
    for flow in first.batch.flows:
        for index, item in enumerate(ledger.items(first.batch.id, flow.lane)):
            one, other = (each.of_item(flow.lane, index, item) for each in (first, second))
            yield _compared(item, (first, second), one, other, partial(reading, item))


def _compared(
    item: Item,
    sides: tuple[_Side, _Side],
    one: Manifest | FailureRecord | None,
    other: Manifest | FailureRecord | None,
    reading: Callable[[int], None],
) -> Comparison:
    reporting, data = _told(one), _told(other)
    verdict, rows, note = _judged(sides, one, other, reading)
    return Comparison(
        name=item.name, account=item.account, verdict=verdict, reporting=reporting, data=data, rows=rows, note=note
    )


def _judged(
    sides: tuple[_Side, _Side],
    one: Manifest | FailureRecord | None,
    other: Manifest | FailureRecord | None,
    reading: Callable[[int], None],
) -> tuple[Verdict, RowDifferences | None, str]:
    match one, other:
        case Manifest(), Manifest() if one.sql_sha256 != other.sql_sha256:
            return Verdict.NOT_COMPARED, None, _MENDED
        case Manifest(), Manifest() if one.csv.sha256 == other.csv.sha256:
            return Verdict.EQUAL, None, ""
        case Manifest(), Manifest():
            reading(one.csv.bytes + other.csv.bytes)
            try:
                rows = compare_rows(sides[0].rows(one), sides[1].rows(other))
            except (LandingError, StoreError) as error:
                return Verdict.DIFFERENT, None, f"what differs could not be read: {error}"
            return _verdict(rows), rows, ""
        case FailureRecord(), FailureRecord():
            return Verdict.FAILED, None, ""
        case (Manifest(), FailureRecord()) | (FailureRecord(), Manifest()):
            return Verdict.ONE_SIDE, None, ""
        case _:
            return Verdict.NOT_COMPARED, None, "one of the two neither landed nor failed: it was canceled, or removed"


def _verdict(rows: RowDifferences) -> Verdict:
    if not rows.same_values:
        return Verdict.DIFFERENT
    if not rows.same_columns:
        return Verdict.COLUMNS
    if not rows.differ:
        return Verdict.WRITTEN
    return Verdict.ORDER if rows.same_records else Verdict.FORM


def _told(end: Manifest | FailureRecord | None) -> LandedSide | FailedSide | None:
    match end:
        case Manifest():
            return LandedSide(
                query_run=end.query_run,
                submitted_at=end.submitted_at,
                ended_at=end.ended_at,
                refreshed_at=end.refreshed_at,
                bytes=end.csv.bytes,
                sha256=end.csv.sha256,
                records=end.csv.records,
                columns=end.csv.columns,
                types={column.name: column.type for column in end.told_columns},
            )
        case FailureRecord():
            return FailedSide(error_class=end.error_class, code=end.code, query_run=end.query_run)
        case None:
            return None
