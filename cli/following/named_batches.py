"""Finds the batches that a name stands for where results are concerned: one batch, or the windows of an extract."""

from datetime import datetime

from forebay.config.connections import Config
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.errors import BatchUnknown, InputError
from forebay.scheduler.windows.calendar import parse_batch_id
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


def named_batches(ledger: Ledger, config: Config, name: str) -> list[Batch]:
    """Finds the batch of this id, or every window of the extract of this name, in the order of time.

    One that ran again comes after its first time. Raises `BatchUnknown`, and `InputError` for an extract of which the
    ledger has no window.
    """
    try:
        return [find_batch(ledger, name)]
    except BatchUnknown:
        spec = config.written.spec if config.written else None
        former = spec.former_names.get(name, ()) if spec else ()
        windows = [ledger.batch(batch_id) for each in (name, *former) for batch_id in _windows(ledger, each)]
        if windows:
            return sorted(windows, key=_order)
        if spec and name in spec.extracts:
            raise InputError(f"the ledger has no window of extract '{name}': `forebay extracts {name}`") from None
        raise


def _order(batch: Batch) -> tuple[datetime, int]:
    parsed = parse_batch_id(batch.id)
    return (parsed[1].start, parsed[2]) if parsed else (batch.created_at, 0)


def _windows(ledger: Ledger, extract: str) -> list[str]:
    return [batch_id for batch_id in ledger.names.like(f"{extract}.") if _is_window(batch_id, extract)]


def _is_window(batch_id: str, extract: str) -> bool:
    parsed = parse_batch_id(batch_id)
    return parsed is not None and parsed[0] == extract
