"""Finds results that Stripe may still have, and makes items of them that are only fetched: for `forebay refetch`.

By the ledger and the manifests alone. A batch that is made of such items runs as any other does, but for its creates.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from forebay.config.stripe import RESULT_DAYS
from forebay.landing.manifest import Manifest
from forebay.landing.result_paths import is_in_quarantine
from forebay.scheduler.batches.landed_runs import landed_runs
from forebay.scheduler.batches.queries import place_of
from forebay.scheduler.batches.query_names import called, may_mean
from forebay.scheduler.errors import InputError
from forebay.store.interface import Store
from forebay.store.ledger.fetched import Fetched
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord, Item

KEPT = timedelta(days=RESULT_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResult:
    """A result of which the QueryRun is known."""

    item: Item
    """That fetches it again."""
    fetched: Fetched
    began_at: datetime
    """When Stripe made the QueryRun, or a moment soon after."""

    @property
    def called(self) -> tuple[str, ...]:
        """Lists what people may call it."""
        return called(self.item.name, self.item.account)

    def has_expired(self, now: datetime) -> bool:
        """Tells whether Stripe has kept it for as long as it keeps results."""
        return now - self.began_at >= KEPT


def known_results(ledger: Ledger, store: Store, batch: Batch) -> Iterator[KnownResult]:
    """Yields what landed of a batch and is published, and what Stripe has and did not land. Raises StoreError.

    What waits in quarantine is left out: it would leave it unchecked.
    """
    asked = {(item.account, item.name): item for flow in batch.flows for item in ledger.items(batch.id, flow.lane)}
    there = set[tuple[str | None, str]]()
    for run in landed_runs(store, batch).values():
        manifest = run.whole
        there.add((manifest.account, manifest.name))
        if not any(is_in_quarantine(each.object.key) for each in run.results.values()):
            yield _landed(manifest, asked.get((manifest.account, manifest.name)))
    if batch.policy and batch.policy.quarantined:
        return  # what a retry lands is checked with the others
    for flow in batch.flows:
        for index, failure in ledger.failures(batch.id, flow.lane):
            if failure.error_class.has_result and failure.query_run and not failure.retried:
                item = ledger.item(batch.id, flow.lane, index, failure.attempt)
                if (item.account, item.name) not in there:
                    yield _not_landed(batch, f"{batch.id}/{index}", item, failure, failure.query_run)


def _landed(manifest: Manifest, asked: Item | None) -> KnownResult:
    sql = manifest.sql
    if sql is None and asked and not asked.fetched:
        sql = asked.sql  # a manifest from before it had the SQL
    fetched = Fetched(
        query_run=manifest.query_run,
        run=manifest.run,
        elsewhere=manifest.started_elsewhere,
        sql=sql,
        definition=manifest.definition,
        spec_sha256=manifest.spec_sha256,
        window=manifest.window,
        ended_at=manifest.ended_at,
        data_loaded_at=manifest.data_loaded_at,
    )
    item = Item(
        name=manifest.name,
        sql=sql or "",
        account=manifest.account,
        ties=asked.ties if asked else None,
        column_types=asked.column_types if asked else None,
    )
    return KnownResult(item=item, fetched=fetched, began_at=manifest.submitted_at or manifest.landed_at)


def _not_landed(batch: Batch, run: str, item: Item, failure: FailureRecord, query_run: str) -> KnownResult:
    policy = batch.policy
    fetched = Fetched(
        query_run=query_run,
        sql=item.sql,
        definition=policy.definition if policy else None,
        spec_sha256=policy.spec_sha256 if policy else None,
        window=policy.window if policy else None,
        data_loaded_at=policy.data_loaded_at if policy else None,
    )
    fetched = replace(item.fetched or fetched, run=run)
    asks = Item(
        name=item.name,
        sql=fetched.sql or "",
        account=item.account,
        ties=item.ties,
        column_types=item.column_types,
    )
    return KnownResult(item=asks, fetched=fetched, began_at=failure.at)


def chosen(results: Iterable[KnownResult], names: Sequence[str]) -> list[KnownResult]:
    """Keeps those of these names, all where none is given. Raises `InputError` for a name that none has."""
    listed = list(results)
    if not names:
        return listed
    known = {each: None for result in listed for each in result.called}
    for name in names:
        if name not in known:
            raise InputError(f"there is no result {name!r}{may_mean(name, known)}; what did not land has none")
    wanted = set(names)
    return [result for result in listed if wanted & set(result.called)]


def told_apart(batches: Sequence[tuple[Batch, Sequence[KnownResult]]]) -> list[KnownResult]:
    """Gives results of several windows names of their own: each says the window too, where a name comes twice."""
    times = Counter(place for _, results in batches for place in {place_of(each.item) for each in results})
    return [
        replace(each, item=_of_window(each.item, _window_of(batch))) if times[place_of(each.item)] > 1 else each
        for batch, results in batches
        for each in results
    ]


def _of_window(item: Item, window: str) -> Item:
    return replace(item, name=f"{item.name}.{window}", ties=f"{item.ties}.{window}" if item.ties else None)


def _window_of(batch: Batch) -> str:
    """Names a window as its batch's id does, behind the extract."""
    return batch.id.partition(".")[2] or batch.id


def fetching(result: KnownResult) -> Item:
    """Makes the item that fetches a result: its SQL stands where no worker takes it for something to ask."""
    return replace(result.item, sql="", fetched=result.fetched)
