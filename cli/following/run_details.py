"""Gathers all that is known of a run, for `forebay show`: where its result is or why there is none, times, SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forebay.cli.output import events, words
from forebay.governor.states import RunState
from forebay.landing.errors import LandingError
from forebay.landing.manifest import SUFFIX, Manifest, read_manifest
from forebay.landing.result_paths import place_stem, stems
from forebay.scheduler.batches.landed import is_of_later_batch, is_own
from forebay.scheduler.batches.landed_runs import LandedRun, landed_runs
from forebay.scheduler.batches.progress import Progress, RunRow
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsProgress:
    """How the parts of a run stand."""

    batch: str
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a result that landed."""

    manifest: Manifest
    url: str | None = None
    """Where that is; None of a result that was sorted by account, which has one an account."""
    by_account: tuple[Manifest, ...] = ()


class Manifests:
    """Reads the manifests of a batch's runs, until the destination cannot be read: then it says why, once."""

    def __init__(self, batch: Batch, open_store: Callable[[str], Store]) -> None:
        self._batch = batch
        self._open_store = open_store
        self._runs: dict[str, LandedRun] | None = None
        self.trouble = ""
        self.replaced_by: dict[tuple[str, int], str] = {}
        """The later batch whose result is at the place of a run's, by lane and index."""

    def of(self, row: RunRow) -> "Found | None":
        """Gives what the manifests of a run say; None where there is none, or none can be read."""
        if self.trouble:
            return None
        try:
            store = self._open_store(self._batch.output)
            if self._batch.sorting_of(row.item):
                return self._sorted(store, row.item)
            for stem in stems(self._batch, row.item):
                manifest = read_manifest(store, stem)
                if manifest and is_own(self._batch, manifest):
                    return Found(manifest=manifest, url=store.url_of(stem + SUFFIX))
                if manifest and is_of_later_batch(self._batch, manifest):
                    self.replaced_by[row.lane, row.index] = manifest.batch
        except LandingError as error:
            self.trouble = str(error)
        except StoreError as error:
            self.trouble = f"the destination {self._batch.output} cannot be read: {error}"
        return None

    def _sorted(self, store: Store, item: Item) -> "Found | None":
        if self._runs is None:
            self._runs = landed_runs(store, self._batch)
        run = self._runs.get(place_stem(self._batch, item))
        return Found(manifest=run.whole, by_account=tuple(run.results.values())) if run else None


class RunDetails:
    """A run with everything that is known of it; its manifest is read when it has, or may have, landed."""

    def __init__(self, row: RunRow, manifests: Manifests, parts: PartsProgress | None) -> None:
        self.row = row
        # A run that was cut stays failed, and a retry of the whole may have made it otherwise.
        self.parts = parts if row.state is RunState.FAILED else None
        may_have_landed = row.state is RunState.LANDED or not row.known
        found = manifests.of(row) if may_have_landed else None
        self.manifest: Manifest | None = found.manifest if found else None
        self.manifest_url: str | None = found.url if found else None
        self._by_account = found.by_account if found else ()
        self.replaced_by = manifests.replaced_by.get((row.lane, row.index))
        self._manifest_is_gone = may_have_landed and not found and not manifests.trouble
        self._state = RunState.LANDED if found else row.state

    @property
    def name(self) -> str:
        return f"{self.row.account}/{self.row.name}" if self.row.account else self.row.name

    @property
    def attempt(self) -> int:
        known = self.manifest or self.row.live or self.row.failure
        return known.attempt if known else 0

    @property
    def query_run(self) -> str | None:
        known = self.manifest or self.row.live or self.row.failure
        return known.query_run if known else None

    @property
    def state(self) -> str:
        return "in parts" if self.parts else str(self._state)

    @property
    def outcome(self) -> str:
        """Says where the result is, or why there is none (yet)."""
        if self._by_account:
            one = words.place(self._by_account[0].object.url)
            others = len(self._by_account) - 1
            return f"{one}, and {others} more by account" if others else one
        if self.manifest:
            return words.place(self.manifest.object.url)
        if self.parts:
            landed = f"{self.parts.progress.landed} of " if self.parts.progress.known else ""
            return f"{landed}{self.parts.progress.size} parts landed: forebay show {self.parts.batch}"
        if self.row.failure and self._state is RunState.FAILED:
            return f"{self.row.failure.error_class}: {self.row.failure.message}"
        if self.replaced_by and not self.row.failure:
            return f"batch {self.replaced_by} landed it again, at the same place"
        if self._state is RunState.LANDED:
            return "its result is not in the destination any more" if self._manifest_is_gone else ""
        return (self.row.live and self.row.live.trouble) or ""

    def facts(self, *, with_sql: bool) -> dict[str, Any]:
        """Names all that is known of it, for JSON and for the page of one run."""
        row = self.row
        facts: dict[str, Any] = {"name": row.name, "account": row.account, "state": self._state}
        facts |= {"attempt": self.attempt, "query_run": self.query_run, "lane": row.lane, **self._times()}
        if self.manifest:
            done = self.manifest.object
            if self._by_account:
                facts |= {"format": done.format, "bytes": done.bytes, "records": self.manifest.csv.records}
                facts |= {"by_account": [_of_account(each) for each in self._by_account]}
            else:
                facts |= {"result": done.url, "format": done.format, "bytes": done.bytes, "sha256": done.sha256}
                facts |= {"records": self.manifest.csv.records, "manifest": self.manifest_url}
        if self.replaced_by:
            facts |= {"replaced_by": self.replaced_by}
        if self.parts:
            progress = self.parts.progress
            facts |= {"parts": {"batch": self.parts.batch, "of": progress.size, "landed": progress.landed}}
        if row.failure:
            facts |= {"failure": events.failure(row.failure)}
        if row.live and row.live.trouble:
            facts |= {"trouble": row.live.trouble, "tries": row.live.tries}
        return {**facts, "sql": row.item.sql} if with_sql else facts

    def _times(self) -> dict[str, str]:
        """Gives those moments of its life that are on record."""
        granted_ms = self.row.live.granted_ms if self.row.live else None
        moments = {
            "granted_at": None if granted_ms is None else datetime.fromtimestamp(granted_ms / 1000, UTC),
            "submitted_at": self.manifest and self.manifest.submitted_at,
            "ended_at": self.manifest and self.manifest.ended_at,
            "landed_at": self.manifest and self.manifest.landed_at,
            "failed_at": self.row.failure and self.row.failure.at,
        }
        return {name: at.isoformat(timespec="seconds") for name, at in moments.items() if at}


def _of_account(manifest: Manifest) -> dict[str, Any]:
    stored = manifest.object
    return {
        "account": manifest.account,
        "result": stored.url,
        "bytes": stored.bytes,
        "sha256": stored.sha256,
        "records": manifest.csv.records,
    }
