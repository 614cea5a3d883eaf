"""Which batches hold parts of a batch's runs: for whoever retries, cancels or shows it as the one thing that it is."""

from collections.abc import Iterator
from contextlib import suppress

from forebay.store.errors import NotFound
from forebay.store.ledger import Ledger
from forebay.store.records import Batch


def parts_of(ledger: Ledger, batch: Batch) -> list[Batch]:
    """Every batch of its parts, those of coarser cuts too."""
    return list(_all(ledger, batch)) if batch.policy and batch.policy.split else []


def finest(ledger: Ledger, batch: Batch) -> dict[tuple[str, int], Batch]:
    """The parts that count of each run that was cut, by its lane and index: of coarser cuts nothing does any more."""
    found: dict[str, Batch] = {}
    for parts in parts_of(ledger, batch):
        run = (parts.policy and parts.policy.part_of) or ""
        if run not in found or _size(parts) > _size(found[run]):
            found[run] = parts
    return {_run(run.removeprefix(f"{batch.id}/")): parts for run, parts in found.items()}


def _all(ledger: Ledger, batch: Batch) -> Iterator[Batch]:
    for parts_id in ledger.ids_like(f"{batch.id}.split-"):
        with suppress(NotFound):  # one that is being written, or never was whole
            parts = ledger.batch(parts_id)
            if parts.policy and parts.policy.whole == batch.id:
                yield parts


def _run(said: str) -> tuple[str, int]:
    lane, _, index = said.rpartition("/")
    return lane, int(index)


def _size(parts: Batch) -> int:
    return sum(flow.size for flow in parts.flows)
