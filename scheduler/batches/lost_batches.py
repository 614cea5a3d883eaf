"""Finds batches that the ledger has and Redis does not list. Asked by `forebay ls` and `forebay doctor`."""

from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.redis_client import Client
from forebay.store.errors import NotFound, Refused
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


def lost_batches(ledger: Ledger, client: Client, folders: Iterable[str]) -> Iterator[tuple[str, Batch | None]]:
    """Yields the id of each, with its record; None for one that cannot be read. Raises StoreError, GovernorError.

    Redis is asked first, once for all, so nothing is read of what it knows, however many batches are open. What has
    only a mark is no batch: one that is being written, or never was whole.
    """
    recent = RecentBatches(client)
    names = {folder: unquote(folder) for folder in folders}
    unknown = {*recent.unknown([*names.values()])}
    for folder, name in names.items():
        if name not in unknown:
            continue
        try:
            batch = ledger.batch_in(folder)
        except NotFound:
            continue
        except Refused:
            yield name, None
            continue
        # A folder has no room for a very long id, which stands in the record alone.
        if batch.id == name or recent.unknown([batch.id]):
            yield batch.id, batch
