"""Finds what has landed of a batch: its manifests, wherever they are now. For whoever closes, restores or shows it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from forebay.landing.manifest import SUFFIX, CsvPart, Manifest, read_manifest
from forebay.landing.result_paths import PART, batch_folder, place_stem, quarantined
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch, Item

#: Manifests are small and many: reading them is waiting.
READERS = 16
_PAGE = 500


def landed(store: Store, batch: Batch) -> Iterator[tuple[str, Manifest]]:
    """Yields the stem of each landed item's place, and its manifest."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as readers:
        where = landed_places(store, batch)
        while page := list(islice(where, _PAGE)):
            manifests = readers.map(lambda pair: read_manifest(store, pair[1]), page)
            # One that was there when the page was listed may be on its way from quarantine to its place.
            yield from ((place, manifest) for (place, _), manifest in zip(page, manifests, strict=True) if manifest)


def landed_places(store: Store, batch: Batch) -> Iterator[tuple[str, str]]:
    """Yields the stem of each landed item's place, and that of its manifest: at its place, or else in quarantine."""
    folder, seen = batch_folder(batch.id), set()
    for stem in _stems(store, folder):
        seen.add(stem)
        yield stem, stem
    if batch.policy and batch.policy.quarantined:
        for stem in _stems(store, quarantined(folder)):
            place = stem.removeprefix(quarantined(""))
            if place not in seen:
                yield place, stem


def landed_item(store: Store, batch: Batch, item: Item) -> Manifest | None:
    """Reads what an item of a closed batch came to, whole or in parts; None if it has not landed."""
    stored = landed_parts_of(store, batch, item)
    if not stored:
        return None
    return stored[0] if stored[0].part is None else summed(stored)


def landed_parts_of(store: Store, batch: Batch, item: Item) -> tuple[Manifest, ...]:
    """Reads the manifest of an item of a closed batch, or those of its parts; none if it has not landed."""
    place = place_stem(batch, item)
    whole = read_manifest(store, place)
    if whole:
        return (whole,)
    keys = [key for key in store.list(place + PART) if key.endswith(SUFFIX)]
    return tuple(part for key in keys if (part := read_manifest(store, key.removesuffix(SUFFIX))) and part.part)


def summed(parts: Sequence[Manifest]) -> Manifest:
    """Adds parts up to one manifest, for whoever counts, checks and compares results. Raises ValueError for none.

    It is never written. Its object is the first part's but for the bytes; its columns are those of the first, as checks
    see to the others.
    """
    if not parts:
        raise ValueError("there are no parts to sum up")
    records = [part.csv.records for part in parts]
    first = parts[0]
    csv = CsvPart(
        bytes=sum(part.csv.bytes for part in parts),
        sha256="",
        records=None if None in records else sum(count or 0 for count in records),
        columns=first.csv.columns,
    )
    stored = first.object.model_copy(update={"bytes": sum(part.object.bytes for part in parts)})
    return first.model_copy(update={"csv": csv, "object": stored, "delivered_bytes": None})


def _stems(store: Store, folder: str) -> Iterator[str]:
    return (key.removesuffix(SUFFIX) for key in store.list(folder) if key.endswith(SUFFIX))
