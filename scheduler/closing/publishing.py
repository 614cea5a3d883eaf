"""Moves results from quarantine to their places, so that each is there whole or not at all.

The order is the promise: every object, then every manifest (which is what makes a result exist), then the batch's own,
then what was at these places before is removed, and only then is quarantine emptied. Every step may be repeated: after
a crash at any point the next try completes it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from forebay.config.write_mode import WriteMode
from forebay.landing.batch_manifest import BATCH_MANIFEST
from forebay.landing.manifest import SUFFIX, Manifest, read_manifest, write_manifest
from forebay.landing.replacing import clear_parts, clear_whole, put_in_place, remove_left
from forebay.landing.result_paths import (
    in_quarantine,
    is_in_quarantine,
    object_base,
    out_of_quarantine,
    quarantine_of,
    version_of,
)
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.scheduler.splitting.part_results import PartResult
from forebay.store.at_once import each_at_once
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch


class Publishing:
    """Publishes results of one batch, and removes what they replaced once nothing names it."""

    def __init__(self, store: Store, batch: Batch, write: WriteMode, keep: Callable[[], None], *, at: datetime) -> None:
        """Takes as `at` when their manifests say that it was done."""
        self._store, self._batch, self._write, self._keep, self._at = store, batch, write, keep, at
        self._replaced: list[str] = []

    def publish(self, places: Iterable[str]) -> None:
        """Publishes the results at these stems that are still in quarantine. Raises PlaceTaken and StoreError."""
        places = list(places)
        each_at_once(self._copy_object, places, self._keep)
        each_at_once(self._publish_manifest, places, self._keep)

    def publish_parts(self, stem: str, parts: Sequence[PartResult]) -> None:
        """Publishes all parts of a run whose whole would have this stem. Raises PlaceTaken and StoreError.

        Until all of their objects are there, none has a manifest.
        """
        moved = [part for part in parts if part.here is not part.there]
        each_at_once(lambda part: self._store.copy(part.here.object.key, part.there.object.key), moved, self._keep)
        replaces = self._clear(stem) if self._batch.shares_places and moved else ()
        # One after the other: whoever looks at the last one sees them all.
        for part in moved:
            manifest = part.there.model_copy(update={"published_at": self._at, "replaces": replaces})
            write_manifest(self._store, part.place, manifest)
        self._replaced += replaces
        # Who published some of them before may have died before this.
        self._replaced += [key for part in parts if part.here is part.there for key in part.there.replaces]

    def remove(self, results: Mapping[str, Manifest]) -> None:
        """Removes other batches' results, by their stems; their objects with what was replaced. Raises StoreError."""
        if results:
            self._store.delete_all([place + SUFFIX for place in results])
        self._replaced += [key for each in results.values() for key in (each.object.key, *each.replaces)]

    def remove_replaced(self) -> None:
        """Removes what was at these places before; once the batch's own manifest names what is there now."""
        remove_left(self._store, self._replaced)

    def _clear(self, stem: str) -> tuple[str, ...]:
        """Removes what others landed there, whole or in parts: beside these parts rows would be there twice."""
        cleared = [clear(self._store, stem, self._batch.id, self._write) for clear in (clear_whole, clear_parts)]
        return tuple(key for keys in cleared for key in keys)

    def _copy_object(self, place: str) -> None:
        manifest = self._in_quarantine(place)
        if manifest:
            self._store.copy(manifest.object.key, self.placed(place, manifest).object.key)

    def _publish_manifest(self, place: str) -> None:
        manifest = self._in_quarantine(place)
        if manifest is None:
            return
        placed = self.placed(place, manifest).model_copy(update={"published_at": self._at})
        if not self._batch.shares_places:
            write_manifest(self._store, place, placed)
            return
        stands = put_in_place(self._store, place, placed, self._write)
        if stands.object.key == placed.object.key:
            self._replaced += stands.replaces
        else:
            self._replaced.append(placed.object.key)

    def _in_quarantine(self, place: str) -> Manifest | None:
        return read_manifest(self._store, in_quarantine(self._batch, place))

    def placed(self, place: str, manifest: Manifest) -> Manifest:
        """Gives what a result's manifest says at its place, but for when it came there."""
        stored = manifest.object
        if not is_in_quarantine(stored.key):
            return manifest
        shared = self._batch.shares_places
        version = version_of(manifest.run, manifest.attempt, manifest.query_run) if shared else None
        key = f"{object_base(place, version)}.{stored.format}"
        moved = stored.model_copy(update={"key": key, "version": version, "url": self._store.url_of(key)})
        return manifest.model_copy(update={"object": moved})


def empty_quarantine(store: Store, batch: Batch, stay: Collection[str], keep: Callable[[], None]) -> None:
    """Removes all but what belongs to the results that stay, and the batch's manifest with the last of them."""
    folder = quarantine_of(batch.id)
    own = folder + BATCH_MANIFEST
    keys = [key for key in store.list(folder) if key != own]
    _delete(store, [key for key in keys if not any(stem in stay for stem in _stems(batch, key))], keep)
    if not stay:
        store.delete(own)


def discard_parts(store: Store, run: Cuttable, keep: Callable[[], None]) -> None:
    """Removes what is left of a run's parts in quarantine, those of coarser cuts too."""
    folders = [quarantine_of(run.parts_id(len(spans))) for spans in run.generations()]
    _delete(store, [key for folder in folders for key in store.list(folder)], keep)


def _delete(store: Store, keys: Collection[str], keep: Callable[[], None]) -> None:
    """Deletes manifests before their objects: none may speak of an object that is gone."""
    each_at_once(store.delete, [key for key in keys if key.endswith(SUFFIX)], keep)
    each_at_once(store.delete, [key for key in keys if not key.endswith(SUFFIX)], keep)


def _stems(batch: Batch, key: str) -> Iterator[str]:
    """Yields the stems of places that a key in quarantine may belong to: it is one of them with some suffix."""
    place = out_of_quarantine(batch, key)
    while True:
        yield place
        place, dot, last = place.rpartition(".")
        if not dot or "/" in last:
            return
