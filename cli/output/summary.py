"""Sums a batch up on stdout: what landed, where, how long it took; failures by cause, in Stripe's words."""

from collections.abc import Iterator
from itertools import islice

from forebay.cli.output import closings, plain_text, remedies, words
from forebay.cli.output.audience import Snapshot
from forebay.cli.output.plain_text import styled
from forebay.scheduler.closing.grouping import grouped
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord, Item

#: Each failure is an object in the ledger, so a summary reads only so many of them.
MOST_READ = 500


def show(snapshot: Snapshot, ledger: Ledger, *, whole: bool) -> None:
    """Prints it. `whole`: the snapshot's clock ran from the batch's first moment."""
    progress, batch, console = snapshot.progress, snapshot.batch, plain_text.stdout()
    # What a closed batch counts are its results: without what ties them out, and with those that landed in parts.
    counted = snapshot.closing or progress
    style = "green" if counted.landed == progress.size else "yellow"
    took = f" in {words.duration(snapshot.elapsed_s)}" if whole else ""
    console.print(styled((f"{counted.landed} of {words.runs(progress.size)} landed{took}", style)))
    rows = [
        ("batch", batch.id),
        *(("" if number else "where", place) for number, place in enumerate(closings.places(batch, snapshot.closing))),
        ("size", f"{words.size(counted.stored_bytes)}, {words.counted(counted.records, 'record')}"),
    ]
    if counted.canceled:
        rows.append(("canceled", f"{counted.canceled}"))
    for name, value in rows:
        console.print(styled((f"  {name:<9}", "dim"), value))
    if snapshot.closing:
        for line in closings.lines(batch, snapshot.closing, failures=False):
            plain_text.wrapped(line, console)
    if counted.failed:
        _failures(batch, ledger, snapshot, counted.failed, may_retry=not progress.canceling)


def failures(batch: Batch, ledger: Ledger) -> Iterator[tuple[Item, FailureRecord]]:
    """Yields failures that still stand, with their items."""
    for flow in batch.flows:
        for index, failure in ledger.failures(batch.id, flow.lane):
            if not failure.retried:
                yield ledger.item(batch.id, flow.lane, index), failure


def _failures(batch: Batch, ledger: Ledger, snapshot: Snapshot, count: int, *, may_retry: bool) -> None:
    console = plain_text.stdout()
    # The closing has read all of them, and knows what became of those that were cut.
    groups = snapshot.closing.failures if snapshot.closing else grouped(islice(failures(batch, ledger), MOST_READ))
    console.print(styled((f"  failed   {count}", "red")))
    for line in closings.failure_lines(groups):
        plain_text.wrapped(line, console)
    more = count - sum(group.count for group in groups)
    if more > 0:
        console.print(styled((f"    and {more} more: forebay show {batch.id} --failed", "dim")))
    if may_retry:
        for way in remedies.lines(batch, (group.error_class for group in groups)):
            console.print(styled(f"  → {way}"))
