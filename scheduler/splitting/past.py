"""What items came to in the last windows that landed: what `predict.py` judges by."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from forebay.landing.manifest import Manifest
from forebay.scheduler.batches.landed import landed_parts_of
from forebay.scheduler.splitting.predict import Landed
from forebay.scheduler.splitting.subject import window_of
from forebay.store.interface import Store
from forebay.store.ledger import Ledger
from forebay.store.records import Batch, Item

#: How many landed windows tell enough, and how many are looked at to find them.
ENOUGH, LOOKED_AT = 3, 10


def past_of(ledger: Ledger, open_store: Callable[[str], Store], batch: Batch, item: Item) -> Iterator[Landed]:
    """The same item's last windows before this batch's, newest first. Raises StoreError."""
    earlier = islice(ledger.earlier(batch.id), LOOKED_AT)
    found = (came_to(one, landed_parts_of(open_store(one.output), one, item)) for one in earlier)
    return islice((past for past in found if past), ENOUGH)


def came_to(batch: Batch, stored: Sequence[Manifest]) -> Landed | None:
    """What these results of one of its items, whole or all of its parts, came to; None if there is nothing to tell."""
    if not stored or batch.policy is None or batch.policy.window is None:
        return None
    return Landed(
        window=window_of(batch.policy.split) if batch.policy.split else batch.policy.window,
        bytes=sum(each.delivered_bytes or each.object.bytes for each in stored),
        seconds=sum(map(_seconds, stored)),
    )


def _seconds(manifest: Manifest) -> float:
    if manifest.submitted_at is None or manifest.ended_at is None:
        return 0.0
    return max(0.0, (manifest.ended_at - manifest.submitted_at).total_seconds())
