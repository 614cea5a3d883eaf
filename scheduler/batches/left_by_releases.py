"""Sweeps what release 0.1.0 left behind where nobody looks any more: unfinished files beside what they were to be.

It costs a walk through the ledger and through the results of each batch, so it is done by hand, by
`forebay rebuild --all`.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from forebay.landing.result_paths import batch_folder, quarantine_of
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore


def sweep_left(place: Store, ledger: Ledger, open_store: Callable[[str], Store], now: datetime) -> int:
    """Removes them from folders, and returns how many those were; a bucket has none. `place` is the ledger's.

    A destination that cannot be read keeps them: its batches tell of it elsewhere. Raises StoreError of the ledger.
    """
    swept = 0
    if isinstance(place, LocalStore):
        swept += sum(place.sweep_beside(top, now) for top in ("batches", "extracts", "spec"))
    for folder in ledger.names.folders():
        with suppress(StoreError):
            batch = ledger.batch_in(folder)
            store = open_store(batch.output)
            if isinstance(store, LocalStore):
                folders = (batch_folder(batch.id), quarantine_of(batch.id))
                swept += sum(store.sweep_beside(each.rstrip("/"), now) for each in folders)
    return swept
