"""Publishes a run in parts: copies each from quarantine to its place, and then writes the manifest of each.

A part's place is beside the one that the whole would have had: `<batch>/<account>/<name>.part-01`. Until all of their
objects are there, no part has a manifest, and what has none does not exist. Repeatable, so a crash costs only time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forebay.landing.manifest import SUFFIX, Manifest, WindowPart, read_manifest, write_manifest
from forebay.landing.places import first_stem, place_stem, quarantined
from forebay.scheduler.closing.publishing import each
from forebay.scheduler.splitting.subject import Subject
from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.ledger import Ledger
from forebay.store.object_keys import segment
from forebay.store.records import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part's result: where it is now, and what is to be said of it at its place."""

    here: Manifest
    place: str
    """The stem of the place."""
    there: Manifest


def landed_parts(ledger: Ledger, store: Store, subject: Subject, parts: Batch) -> tuple[Part, ...]:
    """In the order of time. Raises NotFound for a part whose result is neither in quarantine nor at its place."""
    found = []
    spans = subject.parts_of(parts)
    for number, (item, span) in enumerate(zip(ledger.items(parts.id, subject.lane), spans, strict=True), start=1):
        place = place_stem(subject.batch, item)
        there = read_manifest(store, place)
        if there is None or there.part is None or there.part.batch != parts.id:
            here = read_manifest(store, first_stem(parts, item))
            if here is None:
                raise NotFound(first_stem(parts, item) + SUFFIX)
            part = WindowPart(number=number, of=len(spans), start=span.start, end=span.end, batch=parts.id)
            found.append(Part(here=here, place=place, there=_placed(store, subject, here, place, part)))
        else:
            found.append(Part(here=there, place=place, there=there))
    return tuple(found)


def publish_parts(store: Store, parts: Sequence[Part], keep: Callable[[], None]) -> None:
    """All of them, or no manifest of any. Raises StoreError."""
    moved = [part for part in parts if part.here is not part.there]
    each(lambda part: store.copy(part.here.object.key, part.there.object.key), moved, keep)
    # One after the other: whoever looks at the last one sees them all.
    for part in moved:
        write_manifest(store, part.place, part.there)


def discard_parts(store: Store, subject: Subject, keep: Callable[[], None]) -> None:
    """Removes what is left of its parts in quarantine, those of coarser cuts too. Manifests go before their objects."""
    folders = [quarantined(f"{segment(subject.parts_id(len(spans)))}/") for spans in subject.generations()]
    keys = [key for folder in folders for key in store.list(folder)]
    each(store.delete, [key for key in keys if key.endswith(SUFFIX)], keep)
    each(store.delete, [key for key in keys if not key.endswith(SUFFIX)], keep)


def _placed(store: Store, subject: Subject, here: Manifest, place: str, part: WindowPart) -> Manifest:
    key = f"{place}.{here.object.format}"
    return here.model_copy(
        update={
            "batch": subject.batch.id,
            "lane": subject.lane,
            "run": f"{subject.batch.id}/{subject.index}",
            # That of the whole: whoever adds up what a query came to finds its parts under it.
            "name": subject.item.name,
            "object": here.object.model_copy(update={"key": key, "url": store.url_of(key)}),
            "part": part,
        }
    )
