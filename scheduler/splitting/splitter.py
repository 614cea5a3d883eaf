"""Cuts a run that hit a wall: makes the batch of its parts, and says how they stand.

For the closing (`scheduler/closing/closing.py`), which asks about each run that failed for its size or its duration,
again and again until there is an answer. Nothing is remembered but the ledger's batches: the parts of a run are one
batch, whose id says of what and how many, so asking twice, or two at a time, makes them once. If a part hits a wall
too, all of the window is cut again into twice as many: the parts of one cut are published together.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from forebay.config.connections import Config, Connection
from forebay.governor.redis_client import Client
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.history import History, parts_wanted
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.progress import Reader
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.scheduler.splitting.part_results import landed_parts
from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, FailureRecord


class Stand(StrEnum):
    """How the cutting of one run stands."""

    WHOLE = "whole"  # it is not cut: it did not fail at a wall, or nobody allowed it
    WAITING = "waiting"  # its parts run
    LANDED = "landed"  # all of its parts are there, in their own batch
    FAILED = "failed"  # a part failed, or hit a wall and cannot be cut further
    CANCELED = "canceled"  # somebody canceled the batch while the run was in parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What became of one run."""

    stand: Stand
    run: Cuttable | None = None
    parts: Batch | None = None
    failure: FailureRecord | None = None
    """Why it stays failed, in the words of the part that failed."""


class Splitter:
    """Cuts runs of one deployment."""

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        config: Config,
        store: Callable[[str], Store],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Dates by `now` what is taken of a day's budget."""
        self._ledger = ledger
        self._reconciler = Reconciler(ledger, client, config, store)
        self._submitter = Submitter(ledger, client, self._reconciler, now=now)
        self._steering = Steering(ledger, client)
        self._reader = Reader(ledger, client)
        self._config = config
        self._store = store
        self._history = History(ledger, store)
        self._now = now

    def split(self, batch: Batch, lane: str, index: int) -> Cut:
        """Cuts a failed run if it has to be, and says how that stands. Repeatable.

        Raises StoreError, GovernorError, NotOpened; and `BudgetExceeded` where the parts have to wait for another day.
        """
        failure = self._ledger.failure(batch.id, lane, index)
        run = Cuttable.of(batch, lane, index, self._ledger.item(batch.id, lane, index))
        if run is None or failure is None or not failure.error_class.is_wall:
            return Cut(stand=Stand.WHOLE)
        if self._ledger.item(batch.id, lane, index, failure.attempt).sql != run.item.sql:
            # Its parts would be rendered from the template of before, which is not what people asked for.
            message = f"{failure.message} Its SQL was mended since it was accepted, so it is not cut: run it anew."
            return self._failed(run, failure, message)
        parts = self._newest(run)
        if self._ledger.canceled_at(batch.id):
            return self._canceled(run, parts)
        if parts is None:
            return self._cut(run, failure, at_least=run.item.parts or self._wanted(run))
        progress = self._reader.progress(parts)
        if progress.landed == progress.size or (not progress.known and self._is_published(run, parts)):
            return Cut(stand=Stand.LANDED, run=run, parts=parts)
        if not progress.known:
            self._reconciler.bring_back(parts)
        if not progress.done:
            return Cut(stand=Stand.WAITING, run=run, parts=parts)
        failures = list(self._failures(parts))
        walls = [failed for failed in failures if failed.error_class.is_wall]
        if walls:
            return self._cut(run, walls[0], at_least=2 * progress.size, before=parts)
        lost = f"{progress.size - progress.landed} of its {progress.size} parts did not land"
        if not failures:
            return self._failed(run, failure, f"{lost}: they were canceled", parts)
        advice = f"{lost}: {failures[0].message} (forebay retry {parts.id} --failed)"
        return self._failed(run, failures[0], advice, parts)

    def _wanted(self, run: Cuttable) -> int:
        """Says into how many parts to cut first: whatever the past says, whole it did not fit."""
        past = self._history.before(run.batch, run.item)
        return max(2, parts_wanted(past, run.split.window))

    def _canceled(self, run: Cuttable, parts: Batch | None) -> Cut:
        """Cancels its parts too: they may have been made in the moment in which their batch was canceled."""
        if parts is None and run.item.parts is None:
            return Cut(stand=Stand.WHOLE)
        if parts and self._ledger.canceled_at(parts.id) is None:
            self._steering.cancel(parts.id)
        return Cut(stand=Stand.CANCELED, run=run, parts=parts)

    def _newest(self, run: Cuttable) -> Batch | None:
        """Finds its latest parts: of cuts into fewer ones nothing counts any more."""
        newest = None
        for parts in run.generations():
            with suppress(NotFound):
                newest = self._ledger.batch(run.parts_id(len(parts)))
        return newest

    def _cut(self, run: Cuttable, failure: FailureRecord, *, at_least: int, before: Batch | None = None) -> Cut:
        """Cuts into at least so many parts; into more than before, if not into as many."""
        done = before.size if before else 1
        finer = [parts for parts in run.generations() if len(parts) > done]
        least, most = run.split.min, run.split.max_parts
        if not finer and before:
            message = f"{failure.message} So did one of {done} parts; `split` allows {most}, of {least} or more."
            return self._failed(run, failure, message, before)
        if not finer:
            message = f"{failure.message} Its window cannot be cut: `split` allows parts of {least} or more."
            return self._failed(run, failure, message)
        if before is None and (reasons := run.unsound()):
            message = f"{failure.message} Its query cannot be cut: {reasons[0]} (forebay validate)"
            return self._failed(run, failure, message)
        parts = next((parts for parts in finer if len(parts) >= at_least), finer[-1])
        batch = self._submitter.submit(
            NewBatch(
                terms=BatchTerms(
                    id=run.parts_id(len(parts)),
                    output=run.batch.output,
                    result_format=run.batch.result_format,
                    column_types=run.batch.column_types,
                    nulls=run.batch.nulls,
                    layout=run.batch.layout,
                    write=run.batch.write,
                    source=f"{len(parts)} parts of {run.item.name} of {run.batch.id}",
                    standing=run.batch.standing,
                    policy=run.parts_policy(),
                ),
                connection=self._connection(run.batch),
                items=run.parts_items(parts),
                budget=DailyBudget.of_batch(run.batch.policy, len(parts), self._now().astimezone(UTC).date()),
            )
        )
        return Cut(stand=Stand.WAITING, run=run, parts=batch)

    def _failed(self, run: Cuttable, failure: FailureRecord, message: str, parts: Batch | None = None) -> Cut:
        return Cut(stand=Stand.FAILED, run=run, parts=parts, failure=replace(failure, message=message))

    def _is_published(self, run: Cuttable, parts: Batch) -> bool:
        """Says whether Redis forgot these parts since they landed; else a crash came before it heard of them."""
        try:
            landed_parts(self._ledger, self._store(run.batch.output), run, parts)
        except NotFound:
            return False
        return True

    def _connection(self, batch: Batch) -> Connection:
        return self._config.connection(batch.connection).asked_by(batch.api)

    def _failures(self, parts: Batch) -> Iterator[FailureRecord]:
        for flow in parts.flows:
            for _, failure in self._ledger.failures(parts.id, flow.lane):
                if not failure.retried:
                    yield failure
