"""Finds batches in the ledger: one by its id, and those that hold the parts of another's runs.

Parts are other batches, and whoever retries, cancels or shows a batch takes it and them as the one thing that they are.
"""

from collections.abc import Iterator
from contextlib import suppress

from forebay.scheduler.errors import BatchUnknown
from forebay.store.errors import NotFound
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


def find_batch(ledger: Ledger, batch_id: str) -> Batch:
    """Finds the batch that a person names. Raises `BatchUnknown`."""
    try:
        return ledger.batch(batch_id)
    except NotFound as error:
        raise BatchUnknown(batch_id) from error


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
    for parts_id in ledger.ids_like(f"{batch.id}.split-"):
        with suppress(NotFound):  # one that is being written, or never was whole
            parts = ledger.batch(parts_id)
            if parts.policy and parts.policy.whole == batch.id:
                yield parts


def _run(name: str) -> tuple[str, int]:
    lane, _, index = name.rpartition("/")
    return lane, int(index)
