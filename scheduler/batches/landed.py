"""Finds what has landed of a batch: its manifests, wherever they are now. For whoever closes, restores or shows it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from itertools import islice

from forebay.landing.errors import BadManifest
from forebay.landing.manifest import SUFFIX, CsvPart, Manifest, read_manifest
from forebay.landing.result_paths import PART, folder_of, out_of_quarantine, place_stem, quarantine_of, whole_of
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch, Item

#: Manifests are small and many: reading them is waiting.
READERS = 16
_PAGE = 500


def landed(store: Store, batch: Batch, others: dict[str, Manifest] | None = None) -> Iterator[tuple[str, Manifest]]:
    """Yields the stem of each landed item's place, and its manifest: at its place, or else in quarantine.

    What other batches landed in a folder that they share goes into `others`, by its stem.
    """
    seen = set()
    for place, manifest in landed_at_places(store, batch):
        if is_own(batch, manifest):
            seen.add(place)
            yield place, manifest
        elif others is not None:
            others[place] = manifest
    waiting = ((place, stem) for place, stem in _in_quarantine(store, batch) if place not in seen)
    yield from _read(store, waiting)


def landed_at_places(store: Store, batch: Batch) -> Iterator[tuple[str, Manifest]]:
    """Yields the stem and the manifest of each result in the batch's folder: another batch's too, if they share it."""
    found = _read(store, ((stem, stem) for stem in _stems(store, folder_of(batch))), shared=batch.shares_places)
    if not batch.shares_places:
        return found
    return ((stem, manifest) for stem, manifest in found if _is_a_place(batch, stem, manifest))


def _is_a_place(batch: Batch, stem: str, manifest: Manifest) -> bool:
    """Tells whether the batch's own layout leads there: below its folder another layout's results may lie."""
    place = place_stem(batch, Item(name=manifest.name, sql="", account=manifest.account))
    return place in (stem, whole_of(stem))


def landed_places(store: Store, batch: Batch) -> Iterator[str]:
    """Yields the stem of each place that has a result, or whose result is in quarantine; no manifest is read.

    Of places that batches share it tells that something is there, and not whose.
    """
    seen = set()
    for stem in _stems(store, folder_of(batch)):
        seen.add(stem)
        yield stem
    yield from (place for place, _ in _in_quarantine(store, batch) if place not in seen)


def published(store: Store, batch: Batch, *, most: int) -> list[Manifest]:
    """Reads all manifests of the batch that are at their places; none of more than so many."""
    stems = list(islice(_stems(store, folder_of(batch)), most + 1))
    if len(stems) > most:
        return []
    read = _read(store, ((stem, stem) for stem in stems), shared=batch.shares_places)
    return [manifest for _, manifest in read if is_own(batch, manifest)]


def is_own(batch: Batch, manifest: Manifest) -> bool:
    """Tells whether a result at one of the batch's places is the batch's own."""
    return not batch.shares_places or manifest.batch == batch.id


def is_of_later_batch(batch: Batch, manifest: Manifest) -> bool:
    """Tells whether a result at one of the batch's places is that of a batch that was accepted after it."""
    is_later = manifest.accepted_at is not None and manifest.accepted_at > batch.created_at
    return is_later and not is_own(batch, manifest)


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
        return (whole,) if is_own(batch, whole) else ()
    return tuple(part for _, part in landed_part_places(store, batch, item))


def landed_part_places(store: Store, batch: Batch, item: Item) -> Iterator[tuple[str, Manifest]]:
    """Yields the stem and the manifest of each part of an item that has landed in parts."""
    for key in store.list(place_stem(batch, item) + PART):
        stem = key.removesuffix(SUFFIX)
        part = read_manifest(store, stem) if key.endswith(SUFFIX) else None
        if part and part.part and is_own(batch, part):
            yield stem, part


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


def _in_quarantine(store: Store, batch: Batch) -> Iterator[tuple[str, str]]:
    if batch.policy and batch.policy.quarantined:
        for stem in _stems(store, quarantine_of(batch.id)):
            yield out_of_quarantine(batch, stem), stem


def _read(store: Store, where: Iterator[tuple[str, str]], *, shared: bool = False) -> Iterator[tuple[str, Manifest]]:
    """Reads the manifests at the second of each pair of stems, and yields them with the first.

    Where a place is `shared`, one that cannot be understood is nobody's: it is another batch's, as likely as not.
    """

    def read(pair: tuple[str, str]) -> Manifest | None:
        with suppress(BadManifest) if shared else nullcontext():
            return read_manifest(store, pair[1])
        return None

    with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as readers:
        while page := list(islice(where, _PAGE)):
            manifests = readers.map(read, page)
            # One that was there when the page was listed may be on its way from quarantine to its place.
            yield from ((place, manifest) for (place, _), manifest in zip(page, manifests, strict=True) if manifest)


def _stems(store: Store, folder: str) -> Iterator[str]:
    return (key.removesuffix(SUFFIX) for key in store.list(folder) if key.endswith(SUFFIX))
