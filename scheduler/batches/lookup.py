"""Finds batches in the ledger: one by its id, and those that hold the parts of another's runs.

Parts are other batches, and whoever retries, cancels or shows a batch takes it and them as the one thing that they are.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from forebay.config.near_miss import near_miss
from forebay.scheduler.errors import BatchUnknown
from forebay.store.errors import BadKey, NotFound
from forebay.store.key_rules import segment
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch

#: A typing error is looked for among ids that begin alike, with the year, say; and among so many of them.
ALIKE, MOST_NEAR = 4, 2_000


def find_batch(ledger: Ledger, batch_id: str) -> Batch:
    """Finds the batch that a person names. Raises `BatchUnknown`."""
    try:
        return ledger.batch(batch_id)
    except (NotFound, BadKey) as error:
        raise BatchUnknown(batch_id, _near(ledger, batch_id)) from error


def _near(ledger: Ledger, batch_id: str) -> str:
    """Asks for the batch that may be meant: the newest whose id begins so, or one that differs by some letters."""
    if not batch_id:
        return ""
    begin_so = list(islice(ledger.names.like(segment(batch_id)), MOST_NEAR))
    if begin_so:
        return f", did you mean '{max(begin_so)}'?"
    return near_miss(batch_id, islice(ledger.names.like(segment(batch_id[:ALIKE])), MOST_NEAR))


def parts_of(ledger: Ledger, batch: Batch) -> list[Batch]:
    """Finds every batch of its parts, those of coarser cuts too."""
    return list(_all(ledger, batch)) if batch.policy and batch.policy.split else []


def finest(ledger: Ledger, batch: Batch) -> dict[tuple[str, int], Batch]:
    """Finds the parts that count of each run that was cut, by lane and index: of coarser cuts nothing does any more."""
    finer: dict[str, Batch] = {}
    for parts in parts_of(ledger, batch):
        run = (parts.policy and parts.policy.part_of) or ""
        if run not in finer or parts.size > finer[run].size:
            finer[run] = parts
    return {_run(run.removeprefix(f"{batch.id}/")): parts for run, parts in finer.items()}


def _all(ledger: Ledger, batch: Batch) -> Iterator[Batch]:
    for parts_id in ledger.names.like(f"{batch.id}.split-"):
        with suppress(NotFound):  # one that is being written, or never was whole
            parts = ledger.batch(parts_id)
            if parts.policy and parts.policy.whole == batch.id:
                yield parts


def _run(name: str) -> tuple[str, int]:
    lane, _, index = name.rpartition("/")
    return lane, int(index)
