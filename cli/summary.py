"""The last word on a batch, on stdout: what landed, where, how long it took; failures by class in Stripe's words."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from rich.text import Text

from cli import closings, words
from cli.console import stdout
from cli.follow import Look
from store.ledger import Ledger
from store.records import Batch, FailureRecord

#: Each failure is an object in the ledger, so a summary reads only so many of them, and names fewer.
MOST_READ, MOST_NAMED = 500, 20


def show(look: Look, ledger: Ledger, *, whole: bool) -> None:
    """Prints it. `whole`: the look's clock ran from the batch's first moment."""
    progress, batch, console = look.progress, look.batch, stdout()
    # What a closed batch counts are its results: without what ties them out, and with those that landed in parts.
    counted = look.closing or progress
    style = "green" if counted.landed == progress.size else "yellow"
    took = f" in {words.duration(look.elapsed_s)}" if whole else ""
    console.print(Text(f"{counted.landed} of {words.runs(progress.size)} landed{took}", style))
    rows = [
        ("batch", batch.id),
        ("where", f"{words.place(batch.output).rstrip('/')}/{batch.id}/"),
        ("size", f"{words.size(counted.stored_bytes)}, {counted.records:,} records"),
    ]
    if counted.canceled:
        rows.append(("canceled", f"{counted.canceled}"))
    for name, value in rows:
        console.print(Text.assemble((f"  {name:<9}", "dim"), value))
    # Where runs may be cut, only the closing knows which failures still stand, and why.
    cut = bool(look.closing and batch.policy and batch.policy.split)
    if look.closing:
        for line in closings.lines(batch, look.closing, failures=cut):
            console.print(line)
    if counted.failed and not cut:
        _failures(batch, ledger, progress.failed)
    if counted.failed and not progress.canceling:
        console.print(f"  once mended: forebay retry {batch.id} --failed")


def failures(batch: Batch, ledger: Ledger) -> Iterator[tuple[str, FailureRecord]]:
    """Failures that still stand, with the names of their queries."""
    for flow in batch.flows:
        for index, failure in ledger.failures(batch.id, flow.lane):
            if not failure.retried:
                item = ledger.item(batch.id, flow.lane, index)
                yield (f"{item.account}/{item.name}" if item.account else item.name), failure


def _failures(batch: Batch, ledger: Ledger, count: int) -> None:
    console = stdout()
    read = list(islice(failures(batch, ledger), MOST_READ))
    console.print(Text(f"  failed   {count}", "red"))
    named = 0
    for error_class, many in Counter(failure.error_class for _, failure in read).most_common():
        console.print(Text(f"    {error_class}: {many}" + (" or more" if len(read) < count else ""), "bold"))
        for name, failure in read:
            if failure.error_class == error_class and named < MOST_NAMED:
                console.print(Text.assemble(f"      {name}  ", (words.first_line(failure.message), "dim")))
                named += 1
    if count > named:
        console.print(Text(f"    and {count - named} more: forebay show {batch.id} --failed", "dim"))
