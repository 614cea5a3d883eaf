"""Makes a result the one that counts at a place where another may be: who reads manifests sees one of the two.

    1. the new object lands, under a name of its own (`result_paths.version_of`): nothing is overwritten
    2. the manifest, at the place, names it instead of the former one: this is the switch, and one PUT
    3. what the former manifest named is removed

Who dies before 2 leaves the former result, who dies after it the new one; in either case an object that no manifest
names. The same attempt lands once more under the same name, and the manifest lists what it replaced: so whoever lands
there next removes what is left. Called by the step that lands a result, and by the closing that publishes it.

A result that was asked later stands: who was slow does not put older data in its place. Where a run landed in parts,
places are several, and no PUT switches them all: former manifests go first, so that nobody counts rows twice.
"""

import logging
from collections.abc import Collection
from contextlib import suppress

from forebay.config.write_mode import WriteMode
from forebay.landing.errors import BadManifest, PlaceTaken
from forebay.landing.manifest import SUFFIX, Manifest, manifest_bytes, read_manifest, write_manifest
from forebay.landing.result_paths import PART
from forebay.store.errors import StoreError
from forebay.store.interface import Store

log = logging.getLogger(__name__)


def require_free(store: Store, stem: str, batch_id: str) -> None:
    """Raises PlaceTaken where another batch's result is at this place, whole or in parts."""
    for manifest in (_read(store, stem), *_parts_at(store, stem).values()):
        if manifest and manifest.batch != batch_id:
            raise PlaceTaken(stem, manifest.batch)


def put_in_place(store: Store, stem: str, manifest: Manifest, write: WriteMode) -> Manifest:
    """Writes the manifest of a result whose object has landed, and gives the one that stands there afterwards.

    That is another batch's where it was asked later. Raises PlaceTaken where that is to stay, and StoreError.
    """
    former = _read(store, stem)
    if former and former.object.key == manifest.object.key:
        return _written(store, stem, manifest, former.replaces)  # the same attempt: who landed it first may have died
    if former and former.batch != manifest.batch:
        if write is WriteMode.FAIL_IF_EXISTS:
            raise PlaceTaken(stem, former.batch)
        if _was_asked_later(former, manifest):
            return former
    if former:
        left = tuple(key for key in former.replaces if key != manifest.object.key)
        return _written(store, stem, manifest, (former.object.key, *(() if remove_left(store, left) else left)))
    replaces = clear_parts(store, stem, manifest.batch, write)
    if write is WriteMode.FAIL_IF_EXISTS:
        if store.create(stem + SUFFIX, manifest_bytes(manifest)):
            return manifest
        require_free(store, stem, manifest.batch)  # somebody was faster at this very moment
    return _written(store, stem, manifest, replaces)


def clear_parts(store: Store, stem: str, batch_id: str, write: WriteMode) -> tuple[str, ...]:
    """Removes the manifests of parts that another batch landed at a place, and gives the keys of their objects.

    Raises PlaceTaken where they are to stay.
    """
    parts = {key: part for key, part in _parts_at(store, stem).items() if part.batch != batch_id}
    if parts and write is WriteMode.FAIL_IF_EXISTS:
        raise PlaceTaken(stem, next(iter(parts.values())).batch)
    if parts:
        store.delete_all(parts)
    return tuple(part.object.key for part in parts.values())


def clear_whole(store: Store, stem: str, batch_id: str, write: WriteMode) -> tuple[str, ...]:
    """Does the same about a result that landed there whole, for one that lands in parts."""
    former = _read(store, stem)
    if former is None or former.batch == batch_id:
        return ()
    if write is WriteMode.FAIL_IF_EXISTS:
        raise PlaceTaken(stem, former.batch)
    store.delete(stem + SUFFIX)
    return (former.object.key, *former.replaces)


def remove_left(store: Store, keys: Collection[str]) -> bool:
    """Removes objects that no manifest names; that they refuse to go is told in the log, and stops nobody."""
    try:
        if keys:
            store.delete_all(keys)
    except StoreError as error:
        log.warning("what was replaced is still there: %s", error, extra={"event": "not_removed"})
        return False
    return True


def _was_asked_later(former: Manifest, manifest: Manifest) -> bool:
    """Tells whether the first of two results was asked after the second."""
    if former.submitted_at is None or manifest.submitted_at is None:
        return False
    return former.submitted_at > manifest.submitted_at


def _written(store: Store, stem: str, manifest: Manifest, replaces: tuple[str, ...]) -> Manifest:
    written = manifest.model_copy(update={"replaces": replaces})
    write_manifest(store, stem, written)
    return written


def _parts_at(store: Store, stem: str) -> dict[str, Manifest]:
    """Reads the manifests of parts whose whole would be here; an item may be called like a part, and is none."""
    keys = [key for key in store.list(stem + PART) if key.endswith(SUFFIX) and "/" not in key.removeprefix(stem)]
    found = ((key, _read(store, key.removesuffix(SUFFIX))) for key in keys)
    return {key: part for key, part in found if part and part.part}


def _read(store: Store, stem: str) -> Manifest | None:
    """Reads a manifest; one that nobody can understand keeps nobody from landing."""
    with suppress(BadManifest):
        return read_manifest(store, stem)
    return None
