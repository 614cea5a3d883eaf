"""Finds which runs of a batch have landed, and as what: one result, or one for each account of an organization.

A result that was sorted by account is there when all of its objects are: each of their manifests says how many. So a
landing that was interrupted is none, and the next one completes it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import place_stem
from forebay.scheduler.batches.landed import landed, landed_places
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedRun:
    """What one run landed as."""

    whole: Manifest
    """What it came to. Of a result that was sorted by account nobody wrote it: it is for who counts and compares."""
    results: Mapping[str, Manifest]
    """By the stems of their places; the whole itself, where it landed as one."""


def landed_runs(store: Store, batch: Batch, others: dict[str, Manifest] | None = None) -> dict[str, LandedRun]:
    """Finds them, by the stem of the place that the run's result has, or would have as one. Raises StoreError.

    What other batches landed in a folder that they share goes into `others`, by its stem.
    """
    runs: dict[str, LandedRun] = {}
    for found in _complete(landed(store, batch, others)):
        whole = together(list(found.values()))
        stem = place_stem(batch, Item(name=whole.name, sql="", account=None)) if whole.by_account else next(iter(found))
        runs[stem] = LandedRun(whole=whole, results=found)
    return runs


def count_landed(store: Store, batch: Batch) -> int:
    """Counts the runs of a batch that have landed: by names alone, where these tell whose a result is."""
    if batch.by_account:
        return len(landed_runs(store, batch))
    return sum(1 for _ in (landed(store, batch) if batch.shares_places else landed_places(store, batch)))


def wholes(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Puts those together that are one result which was sorted by account; one that is not all there is left out."""
    numbered = ((str(number), manifest) for number, manifest in enumerate(manifests))
    return [together(list(found.values())) for found in _complete(numbered)]


def _complete(results: Iterable[tuple[str, Manifest]]) -> Iterator[dict[str, Manifest]]:
    by_account: dict[tuple[str, str], dict[str, Manifest]] = defaultdict(dict)
    for stem, manifest in results:
        if manifest.by_account is None:
            yield {stem: manifest}
            continue
        own = by_account[manifest.name, manifest.query_run]
        own[stem] = manifest
        if len(own) == manifest.by_account.of:
            yield own


def together(manifests: Sequence[Manifest]) -> Manifest:
    """Puts the manifests of one result together, of which there are several where it was sorted by account.

    Its object is that of one account but for the bytes, its columns are those of the accounts' objects, and all else of
    its CSV is the organization's. Raises ValueError for none.
    """
    one = next((each for each in manifests if each.account), manifests[0] if manifests else None)
    if one is None:
        raise ValueError("there is nothing to put together")
    if one.by_account is None:
        return one
    csv = one.by_account.csv.model_copy(update={"columns": one.csv.columns})
    stored = one.object.model_copy(update={"bytes": sum(each.object.bytes for each in manifests)})
    return one.model_copy(update={"account": None, "csv": csv, "object": stored})
