"""Publishes a run in parts: copies each from quarantine to its place, and then writes the manifest of each.

A part's place is beside the one that the whole would have had: `<batch>/<account>/<name>.part-01`. Until all of their
objects are there, no part has a manifest, and what has none does not exist. Repeatable, so a crash costs only time.
"""

from landing.manifest import SUFFIX, Manifest, WindowPart, read_manifest, write_manifest
from landing.places import first_stem, place_stem
from scheduler.splitting.subject import Subject
from store.errors import NotFound
from store.interface import Store
from store.ledger import Ledger
from store.records import Batch


def landed_parts(ledger: Ledger, store: Store, subject: Subject, parts: Batch) -> dict[str, Manifest]:
    """The manifest that each part has, or is to have, at its place; by the stem of the place, in the order of time.

    Raises NotFound for a part whose result is gone.
    """
    found = {}
    spans = subject.parts_of(parts)
    (flow,) = parts.flows
    for number, (item, span) in enumerate(zip(ledger.items(parts.id, flow.lane), spans, strict=True), start=1):
        stem = first_stem(parts, item)
        manifest = read_manifest(store, stem)
        if manifest is None:
            raise NotFound(stem + SUFFIX)
        place = place_stem(subject.batch, item)
        key = f"{place}.{manifest.object.format}"
        found[place] = manifest.model_copy(
            update={
                "batch": subject.batch.id,
                "lane": subject.lane,
                "run": f"{subject.batch.id}/{subject.index}",
                # That of the whole: whoever adds up what a query came to finds its parts under it.
                "name": subject.item.name,
                "object": manifest.object.model_copy(update={"key": key, "url": store.url_of(key)}),
                "part": WindowPart(number=number, of=len(spans), start=span.start, end=span.end, run=manifest.run),
            }
        )
    return found


def publish_parts(ledger: Ledger, store: Store, subject: Subject, parts: Batch) -> None:
    """Raises StoreError, NotFound for a part whose result is gone."""
    manifests = landed_parts(ledger, store, subject, parts)
    (flow,) = parts.flows
    for item, manifest in zip(ledger.items(parts.id, flow.lane), manifests.values(), strict=True):
        store.copy(f"{first_stem(parts, item)}.{manifest.object.format}", manifest.object.key)
    for place, manifest in manifests.items():
        write_manifest(store, place, manifest)
