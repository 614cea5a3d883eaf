"""Moves results from quarantine to their places, so that each is there whole or not at all.

The order is the promise: every object, then every manifest (which is what makes a result exist), then the batch's own,
and only then is quarantine emptied. Every step may be repeated: after a crash at any point the next try completes it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from itertools import islice
from typing import TypeVar

from forebay.landing.batch_manifest import batch_manifest_key
from forebay.landing.manifest import SUFFIX, Manifest, read_manifest, write_manifest
from forebay.landing.result_paths import batch_folder, quarantined
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.scheduler.splitting.part_results import PartResult
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch

#: Copies are the server's work and our waiting.
COPIERS = 8
#: So long a copy may take before we say that we are still at it.
_KEEP_EVERY_S = 5.0

Thing = TypeVar("Thing")


def publish(store: Store, places: Iterable[str], keep: Callable[[], None], *, at: datetime) -> None:
    """Publishes the results at these stems that are still in quarantine; their manifests say that it was done `at`."""
    places = list(places)
    _each(lambda place: _copy_object(store, place), places, keep)
    _each(lambda place: _publish_manifest(store, place, at), places, keep)


def empty_quarantine(store: Store, batch: Batch, stay: Collection[str], keep: Callable[[], None]) -> None:
    """Removes all but what belongs to the results that stay, and the batch's manifest with the last of them."""
    own = quarantined(batch_manifest_key(batch.id))
    keys = [key for key in store.list(quarantined(batch_folder(batch.id))) if key != own]
    _delete(store, [key for key in keys if not any(stem in stay for stem in _stems(key))], keep)
    if not stay:
        store.delete(own)


def publish_parts(store: Store, parts: Sequence[PartResult], keep: Callable[[], None], *, at: datetime) -> None:
    """Publishes all parts of a run: until all of their objects are there, none has a manifest. Raises StoreError."""
    moved = [part for part in parts if part.here is not part.there]
    _each(lambda part: store.copy(part.here.object.key, part.there.object.key), moved, keep)
    # One after the other: whoever looks at the last one sees them all.
    for part in moved:
        write_manifest(store, part.place, part.there.model_copy(update={"published_at": at}))


def discard_parts(store: Store, run: Cuttable, keep: Callable[[], None]) -> None:
    """Removes what is left of a run's parts in quarantine, those of coarser cuts too."""
    folders = [quarantined(batch_folder(run.parts_id(len(spans)))) for spans in run.generations()]
    _delete(store, [key for folder in folders for key in store.list(folder)], keep)


def _delete(store: Store, keys: Collection[str], keep: Callable[[], None]) -> None:
    """Deletes manifests before their objects: none may speak of an object that is gone."""
    _each(store.delete, [key for key in keys if key.endswith(SUFFIX)], keep)
    _each(store.delete, [key for key in keys if not key.endswith(SUFFIX)], keep)


def _copy_object(store: Store, place: str) -> None:
    manifest = _in_quarantine(store, place)
    if manifest:
        store.copy(manifest.object.key, manifest.object.key.removeprefix(quarantined("")))


def _publish_manifest(store: Store, place: str, at: datetime) -> None:
    manifest = _in_quarantine(store, place)
    if manifest:
        key = manifest.object.key.removeprefix(quarantined(""))
        placed = manifest.object.model_copy(update={"key": key, "url": store.url_of(key)})
        write_manifest(store, place, manifest.model_copy(update={"object": placed, "published_at": at}))


def _in_quarantine(store: Store, place: str) -> Manifest | None:
    return read_manifest(store, quarantined(place))


def _stems(key: str) -> Iterator[str]:
    """Yields the stems of places that a key in quarantine may belong to: it is one of them with some suffix."""
    place = key.removeprefix(quarantined(""))
    while True:
        yield place
        place, dot, last = place.rpartition(".")
        if not dot or "/" in last:
            return


def _each(work: Callable[[Thing], None], things: Iterable[Thing], keep: Callable[[], None]) -> None:
    """Does it to each, several at a time, and ends with the first error; says now and then that it goes on."""
    pending: set[Future[None]] = set()
    left = iter(things)
    with ThreadPoolExecutor(COPIERS, thread_name_prefix="publish") as pool:
        while True:
            pending |= {pool.submit(work, thing) for thing in islice(left, 2 * COPIERS - len(pending))}
            if not pending:
                return
            done, pending = wait(pending, timeout=_KEEP_EVERY_S, return_when=FIRST_COMPLETED)
            for one in done:
                one.result()
            keep()
