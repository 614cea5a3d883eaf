"""Says what really helps a batch whose runs failed, for each class of failure: one line each, with its command."""

from collections.abc import Iterable, Iterator

from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import Batch


def lines(batch: Batch, classes: Iterable[FailureClass]) -> Iterator[str]:
    """Writes the ways on, those of one kind once."""
    found = list(dict.fromkeys(classes))
    of_text = [one for one in found if one.is_of_the_text]
    if of_text:
        yield f"{_listed(of_text)}: {of_text_in(batch)}"
    for one in found:
        if not one.is_of_the_text:
            which = "--failed" if len(found) == 1 else f"--cause {one}"
            yield f"{one}: {one.before_retry}: forebay retry {batch.id} {which}"


def of_text_in(batch: Batch) -> str:
    """Says how a text that failed is asked otherwise."""
    from forebay.scheduler.definitions.mended_texts import can_be_rendered  # all that definitions are made of

    if can_be_rendered(batch):
        return f"mend the SQL, then: forebay retry {batch.id} --failed --sql-again"
    definition = batch.policy.definition if batch.policy and not batch.policy.whole else None
    anew = f"forebay run {definition}" if definition else "forebay run QUERIES"
    return f"its text stays as it was accepted; mend it, and submit it as a new batch: {anew}"


def _listed(classes: list[FailureClass]) -> str:
    return ", ".join(map(str, classes))
