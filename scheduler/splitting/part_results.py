"""Finds the results of a run's parts: where each is now, and what its manifest says once it is at its place.

A part's place is beside the one that the whole would have had: `…/<name>.part-01`. The closing moves
it there (`scheduler/closing/publishing.py`).
"""

from dataclasses import dataclass

from forebay.landing.manifest import SUFFIX, Manifest, WindowPart, read_manifest
from forebay.landing.result_paths import first_stem, object_base, place_stem, version_of
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """One part's result: where it is now, and the manifest that it has at its place."""

    here: Manifest
    place: str
    """The stem of the place."""
    there: Manifest


def landed_parts(ledger: Ledger, store: Store, run: Cuttable, parts: Batch) -> tuple[PartResult, ...]:
    """Finds all of them, in the order of time.

    Raises NotFound for a part whose result is neither in quarantine nor at its place.
    """
    results = []
    spans = run.parts_of(parts)
    for number, (item, span) in enumerate(zip(ledger.items(parts.id, run.lane), spans, strict=True), start=1):
        place = place_stem(run.batch, item)
        there = read_manifest(store, place)
        if there is None or there.part is None or there.part.batch != parts.id:
            here = read_manifest(store, first_stem(parts, item))
            if here is None:
                raise NotFound(first_stem(parts, item) + SUFFIX)
            part = WindowPart(number=number, of=len(spans), start=span.start, end=span.end, batch=parts.id)
            results.append(PartResult(here=here, place=place, there=_placed(store, run, here, place, part)))
        else:
            results.append(PartResult(here=there, place=place, there=there))
    return tuple(results)


def _placed(store: Store, run: Cuttable, here: Manifest, place: str, part: WindowPart) -> Manifest:
    version = version_of(here.run, here.attempt, here.query_run) if run.batch.shares_places else None
    key = f"{object_base(place, version)}.{here.object.format}"
    return here.model_copy(
        update={
            "batch": run.batch.id,
            "lane": run.lane,
            "run": f"{run.batch.id}/{run.index}",
            # That of the whole: whoever adds up what a query came to finds its parts under it.
            "name": run.item.name,
            "object": here.object.model_copy(update={"key": key, "version": version, "url": store.url_of(key)}),
            "part": part,
        }
    )
