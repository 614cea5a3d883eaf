"""Reads the manifests of a batch's runs, with where each lies: for the API, and for whoever signs links to results."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from forebay.cli.deployment import Deployment
from forebay.governor.states import RunState
from forebay.landing.manifest import Manifest, read_manifest
from forebay.landing.result_paths import place_stem, stems
from forebay.scheduler.batches.landed import READERS, is_own, landed_part_places
from forebay.scheduler.batches.landed_runs import landed_runs
from forebay.scheduler.batches.progress import RunRow
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch
from forebay.web.api.readings import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedResult:
    """A result that landed, and where."""

    stem: str
    manifest: Manifest

    @property
    def key(self) -> str:
        """Says where its object is: beside its manifest, wherever that was moved to since."""
        folder, slash, _ = self.stem.rpartition("/")
        return f"{folder}{slash}{self.manifest.object.key.rpartition('/')[2]}"


class ManifestReadings:
    """The manifests of one deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def page(self, batch: Batch, start: int, limit: int) -> Facts:
        """Reads those of so many runs; `next` is where the next page begins, if there is one."""
        stop = min(start + limit, batch.size)
        rows = list(self._deployment.reader.rows(batch, start, stop)) if start < stop else []
        found = self._found(batch, rows)
        listed = [
            {
                "position": start + at,
                "lane": row.lane,
                "index": row.index,
                "name": row.name,
                "account": row.account,
                "manifests": [each.manifest.model_dump(mode="json") for each in results],
            }
            for at, (row, results) in enumerate(zip(rows, found, strict=True))
            if results
        ]
        return {"manifests": listed, "next": stop if stop < batch.size else None, "size": batch.size}

    def of_run(self, batch: Batch, row: RunRow) -> list[LandedResult]:
        """Reads what one run landed as: one result, one an account, or its parts; none where it has not landed."""
        return self._found(batch, [row])[0]

    def _found(self, batch: Batch, rows: list[RunRow]) -> list[list[LandedResult]]:
        store = self._deployment.store(batch.output)
        sorted_runs = landed_runs(store, batch) if any(batch.sorting_of(row.item) for row in rows) else {}

        def read(row: RunRow) -> list[LandedResult]:
            if row.known and row.state not in (RunState.LANDED, RunState.FAILED):
                return []
            if batch.sorting_of(row.item):
                run = sorted_runs.get(place_stem(batch, row.item))
                return [LandedResult(stem=stem, manifest=each) for stem, each in run.results.items()] if run else []
            return [*_whole(store, batch, row)] or [*_parts(store, batch, row)]

        with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as readers:
            return list(readers.map(read, rows))


def _whole(store: Store, batch: Batch, row: RunRow) -> Iterator[LandedResult]:
    for stem in stems(batch, row.item):
        manifest = read_manifest(store, stem)
        if manifest and is_own(batch, manifest):
            yield LandedResult(stem=stem, manifest=manifest)
            return


def _parts(store: Store, batch: Batch, row: RunRow) -> Iterator[LandedResult]:
    """Yields those of a run that was cut, once they were published."""
    if batch.policy and batch.policy.split and row.state is RunState.FAILED:
        for stem, manifest in landed_part_places(store, batch, row.item):
            yield LandedResult(stem=stem, manifest=manifest)
