"""The ids of all batches of a ledger: only tests want all of them."""

from collections.abc import Iterator
from contextlib import suppress

from forebay.store.errors import NotFound
from forebay.store.ledger.ledger import Ledger


def batch_ids(ledger: Ledger) -> Iterator[str]:
    """Lists them in the order of their names in the store."""
    for folder in ledger.names.folders():
        with suppress(NotFound):  # one that is being written, or never was whole
            yield ledger.batch_in(folder).id
