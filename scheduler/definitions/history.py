"""What a definition's last batches came to, from closings and manifests.

For whoever decides by it (`fan_out.py`, `splitting/beforehand.py`), and for `forebay plan`.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice

from forebay.landing.errors import LandingError
from forebay.landing.manifest import SUFFIX, Manifest, read_manifest
from forebay.scheduler.definitions.fan_out import Past
from forebay.scheduler.splitting.beforehand import Runs
from forebay.scheduler.splitting.past import came_to
from forebay.scheduler.splitting.predict import Landed
from forebay.store.errors import NotFound, StoreError
from forebay.store.interface import Store
from forebay.store.ledger import Ledger
from forebay.store.object_keys import segment
from forebay.store.records import Batch

log = logging.getLogger(__name__)

#: How many batches tell enough, and how many are looked at to find them.
ENOUGH, LOOKED_AT = 3, 20

#: Of a larger batch not all manifests are read: it would take longer than what it is to decide.
MOST_MANIFESTS = 5_000

READERS = 16


class History:
    """Reads the past of definitions. Contacts ledger and destinations only when asked."""

    def __init__(self, ledger: Ledger, open_store: Callable[[str], Store]) -> None:
        self._ledger = ledger
        self._open_store = open_store

    def past(self, definition: str) -> Past | None:
        """None if nothing of it has landed whole. Raises StoreError."""
        found = [past for past in map(self._of_batch, self._landed(definition)) if past]
        if not found:
            return None
        return Past(
            batches=len(found),
            bytes=max(past.bytes for past in found),
            seconds=max(past.seconds for past in found),
            run_s=sum(past.run_s for past in found) / len(found),
        )

    def runs(self, definition: str) -> Runs:
        """What each run of its last batches came to that landed whole. What cannot be read tells nothing."""
        found: dict[tuple[str | None, str], list[Landed]] = defaultdict(list)
        try:
            for batch in self._landed(definition):
                for run, landed in self._runs_of(batch):
                    found[run].append(landed)
        except (StoreError, LandingError) as error:  # a destination of long ago, say: no reason not to go on
            log.warning("history of %s: %s", definition, error, extra={"event": "history_unread"})
        return found

    def _runs_of(self, batch: Batch) -> Iterator[tuple[tuple[str | None, str], Landed]]:
        stored: dict[tuple[str | None, str], list[Manifest]] = defaultdict(list)
        for manifest in self._manifests(batch):
            stored[manifest.account, manifest.name].append(manifest)  # parts have the name of their whole
        for run, manifests in stored.items():
            landed = came_to(batch, manifests)
            if landed:
                yield run, landed

    def _landed(self, definition: str) -> Iterable[Batch]:
        """Its newest batches that landed whole: ids of one definition sort by time."""
        ids = [*self._ledger.ids_like(f"{definition}."), *self._ledger.ids_like(f"{definition}-")]
        ours = islice(self._ours(definition, sorted(ids, reverse=True)), LOOKED_AT)
        return islice(filter(self._is_landed, ours), ENOUGH)

    def _ours(self, definition: str, ids: Iterable[str]) -> Iterator[Batch]:
        for batch_id in ids:
            with suppress(NotFound):  # a batch that is being written
                batch = self._ledger.batch(batch_id)
                if batch.policy and batch.policy.definition == definition:
                    yield batch

    def _is_landed(self, batch: Batch) -> bool:
        closing = self._ledger.closing(batch.id)
        return closing is not None and closing.outcome == "landed"

    def _of_batch(self, batch: Batch) -> Past | None:
        return _summed(self._manifests(batch))

    def _manifests(self, batch: Batch) -> list[Manifest]:
        """None of a batch that is too large to be read."""
        store = self._open_store(batch.output)
        keys = (key for key in store.list(f"{segment(batch.id)}/") if key.endswith(SUFFIX))
        stems = [key.removesuffix(SUFFIX) for key in islice(keys, MOST_MANIFESTS + 1)]
        if not 0 < len(stems) <= MOST_MANIFESTS:
            return []
        with ThreadPoolExecutor(READERS) as readers:
            return [found for found in readers.map(lambda stem: read_manifest(store, stem), stems) if found]


def _summed(manifests: list[Manifest]) -> Past | None:
    """Sums over the accounts of each query; the largest and the slowest of them count."""
    sizes: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    timed = 0
    for manifest in manifests:
        sizes[manifest.name] += manifest.object.bytes
        if manifest.submitted_at and manifest.ended_at:
            timed += 1
            seconds[manifest.name] += max(0.0, (manifest.ended_at - manifest.submitted_at).total_seconds())
    if not timed:
        return None
    return Past(
        batches=1, bytes=max(sizes.values()), seconds=max(seconds.values()), run_s=sum(seconds.values()) / timed
    )
