"""What an item came to in the last windows that landed: what `predict.py` judges by."""

from collections.abc import Callable, Iterator
from itertools import islice

from landing.manifest import Manifest
from scheduler.landed import landed_parts_of
from scheduler.splitting.predict import Landed
from store.interface import Store
from store.ledger import Ledger
from store.records import Batch, Item

#: How many landed windows tell enough, and how many are looked at to find them.
ENOUGH, LOOKED_AT = 3, 10


def past_of(ledger: Ledger, open_store: Callable[[str], Store], batch: Batch, item: Item) -> Iterator[Landed]:
    """The same item's last windows before this batch's, newest first. Raises StoreError."""
    found = (_landed(open_store, earlier, item) for earlier in islice(ledger.earlier(batch.id), LOOKED_AT))
    return islice((past for past in found if past), ENOUGH)


def _landed(open_store: Callable[[str], Store], batch: Batch, item: Item) -> Landed | None:
    stored = landed_parts_of(open_store(batch.output), batch, item)
    window = batch.policy.window if batch.policy else None
    if not stored or window is None:
        return None
    return Landed(
        window=window,
        bytes=sum(each.object.bytes for each in stored),
        seconds=sum(map(_seconds, stored)),
    )


def _seconds(manifest: Manifest) -> float:
    if manifest.submitted_at is None or manifest.ended_at is None:
        return 0.0
    return max(0.0, (manifest.ended_at - manifest.submitted_at).total_seconds())
