"""Keeps the ledger: the durable record of batches, from which everything else can be rebuilt.

    batches/<id>/batch.json                                what the batch is; written last, and makes it exist
    batches/<id>/<lane>/items-000000-<writing>.ndjson.gz   its items on one lane, in chunks
    batches/<id>/<lane>/failed/…                           why runs failed (`failure_records.py`)
    batches/<id>/canceled.json                             when it was canceled
    batches/<id>/canceled-<lane>.json                      which of its runs may have been alive at Stripe then
    batches/<id>/intents-<number>.json                     how people steered it (`intents.py`)
    batches/<id>/stopped.json                              why its closer paused it, if it did
    batches/<id>/closed-<number>.json                      how a batch of the spec ended, each time that it did
    batches/<id>/told-<occasion>.json                      when people were told of it

Batches are written by whoever submits and read by every worker. What changes is written as a version of its own, so
that no writer who slept covers a newer word: a batch's closing as those of `versions.py`. Lanes and ids appear in keys
as `store.key_rules.segment` writes them. Beside batches lie their open marks, those of when they were accepted
(`acceptances.py`), of being written (`writings.py`) or removed (`removals.py`), what may be alive at Stripe
(`sent_records.py`), what is taken of budgets (`spent_records.py`), what was spent (`use_records.py`) and what people
did by the page (`deeds.py`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain

from pydantic import TypeAdapter

from forebay.config.stripe import Api
from forebay.store.errors import BadRecord, NotFound
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.acceptances import Acceptances
from forebay.store.ledger.batch_names import BatchNames
from forebay.store.ledger.batch_places import batch_place, chunk_key, lane_place, read_batch
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.batch_writer import BatchWriter, Written
from forebay.store.ledger.cache import LeastRecent
from forebay.store.ledger.chunks import ChunkReader
from forebay.store.ledger.deeds import Deeds
from forebay.store.ledger.failure_records import FailureRecords
from forebay.store.ledger.intents import Intents
from forebay.store.ledger.open_marks import OpenMarks
from forebay.store.ledger.outcomes import Closing, Review, Stop
from forebay.store.ledger.pruned_windows import PrunedWindows
from forebay.store.ledger.record_kind import RecordKind
from forebay.store.ledger.records import AliveAtCancel, Batch, BatchTerms, FailureRecord, Item, Moment
from forebay.store.ledger.removals import Removals
from forebay.store.ledger.sent_records import SentRecords
from forebay.store.ledger.spent_records import SpentRecords
from forebay.store.ledger.use_records import UseRecords
from forebay.store.ledger.versions import Versions

#: Of so many windows the names are listed first, where the newest are looked for.
SOME_WINDOWS = 30


#: The kinds of record that there are.
_CANCEL = RecordKind(TypeAdapter(Moment), lambda batch_id: f"{batch_place(batch_id)}/canceled.json")
_ALIVE_AT_CANCEL = RecordKind(
    TypeAdapter(AliveAtCancel), lambda batch_id, lane: f"{batch_place(batch_id)}/canceled-{segment(lane)}.json"
)
_STOP = RecordKind(TypeAdapter(Stop), lambda batch_id: f"{batch_place(batch_id)}/stopped.json")
_CLOSING = Versions(TypeAdapter(Closing), lambda batch_id: f"{batch_place(batch_id)}/closed")
_TOLD = RecordKind(
    TypeAdapter(Moment), lambda batch_id, occasion: f"{batch_place(batch_id)}/told-{segment(occasion)}.json"
)


class Ledger:
    """Batches in a store. Safe to share between threads."""

    def __init__(
        self, store: Store, *, chunk_items: int = 500, cache_bytes: int = 64 << 20, cache_batches: int = 1000
    ) -> None:
        self._store = store
        self.names = BatchNames(store)
        self.open_marks = OpenMarks(store)
        self.intents = Intents(store)
        self.sent = SentRecords(store)
        self.spent = SpentRecords(store)
        self.uses = UseRecords(store)
        self.deeds = Deeds(store)
        self.acceptances = Acceptances(store)
        self.pruned = PrunedWindows(store)
        self.removals = Removals(store)
        self._writer = BatchWriter(store, chunk_items=chunk_items, read=self.batch)
        self._batches: LeastRecent[str, Batch] = LeastRecent(limit=cache_batches, cost=lambda _: 1)
        self._reader = ChunkReader(store, cache_bytes=cache_bytes)

    def write_batch(
        self,
        terms: BatchTerms,
        items: Iterable[tuple[str, Item]],
        *,
        connection: str,
        api: Api = Api.REPORTING,
        created_at: datetime,
    ) -> Written:
        """Makes (lane, item) pairs a batch, streaming. Once this returns, the batch is durable.

        Whatever raises on the way, `items` included, leaves no batch. Ids are unique: of several writers of one id
        the first to finish wins, and the others get its batch. Raises StoreError.
        """
        with suppress(NotFound):
            return Written(batch=self.batch(terms.id), created=False)
        return self._writer.write(terms, items, connection=connection, api=api, created_at=created_at)

    def sweep(self, now: datetime) -> int:
        """Removes the items of batches whose writers ended before those came to be; returns how many those were."""
        return self._writer.sweep(now)

    def adopt_left(self, folder: str, now: datetime) -> None:
        """Has the items swept a day from now that an older release left where there is no batch."""
        self._writer.adopt(folder, now)

    def batch(self, batch_id: str) -> Batch:
        """Reads what a batch is. Raises NotFound."""
        return self.batch_in(segment(batch_id))

    def batch_in(self, folder: str) -> Batch:
        """Reads the batch whose id this segment stands for. Raises NotFound."""
        return self._batches.get(folder, lambda: read_batch(self._store, folder))

    def earlier(self, batch_id: str) -> Iterator[Batch]:
        """Lists batches of the same extract whose windows began before this one's, newest first.

        What cannot be read of the past tells nothing, and stops nobody.
        """
        own = self.batch(batch_id).policy
        if own is None or own.window is None:
            return
        some = SOME_WINDOWS * (own.window.end - own.window.start)
        dated = (self.names.dated(segment(f"{name}."), own.window.start, some) for name in own.names)
        for folder in chain.from_iterable(dated):
            with suppress(NotFound, BadRecord):
                batch = read_batch(self._store, folder)
                if _is_window_before(batch.policy, own.names, own.window.start):
                    yield batch

    def item(self, batch_id: str, lane: str, index: int, attempt: int = 0) -> Item:
        """Reads one item of a batch as this attempt asks it. Raises NotFound if the batch has no such item.

        Whoever mended its text meant it to run by itself: it shares no run, and is not cut before it runs. Of its
        columns nothing is known that was known of those before.
        """
        batch = self.batch(batch_id)
        if not 0 <= index < batch.size_on(lane):
            raise NotFound(f"{lane_place(batch_id, lane)}/item {index}")
        number, position = divmod(index, batch.chunk_items)
        item = self._reader.item(chunk_key(batch_id, lane, number, batch.writing), position)
        # First attempts are nearly all that there are, and cost no look.
        mended = self._failures(batch_id, lane).text(index, attempt) if attempt else None
        return item if mended is None else replace(item, sql=mended, share=None, parts=None, column_types=None)

    def items(self, batch_id: str, lane: str, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        """Reads the items of a flow from `start` up to before `stop`, one chunk in memory at a time."""
        batch = self.batch(batch_id)
        size = batch.size_on(lane)
        stop = size if stop is None else min(stop, size)
        for number in range(start // batch.chunk_items, -(-stop // batch.chunk_items)):
            first = number * batch.chunk_items
            key = chunk_key(batch_id, lane, number, batch.writing)
            for index, item in enumerate(self._reader.items(key), start=first):
                if start <= index < stop:
                    yield item

    def record_failure(self, batch_id: str, lane: str, index: int, failure: FailureRecord) -> None:
        """Keeps why a run failed; it counts until a later attempt or holder says otherwise."""
        self._failures(batch_id, lane).add(index, failure)

    def retry_failure(
        self, batch_id: str, lane: str, index: int, failure: FailureRecord, sql: str | None = None
    ) -> None:
        """Keeps that somebody asked for another try: this failure is history. With `sql` the next attempt asks that."""
        self._failures(batch_id, lane).retry(index, failure, sql)

    def failure(self, batch_id: str, lane: str, index: int) -> FailureRecord | None:
        """Reads the last failure of a run, if it had one."""
        return self._failures(batch_id, lane).of(index)

    def past_failures(self, batch_id: str, lane: str, index: int) -> Iterator[FailureRecord]:
        """Reads every failure of a run, in the order of its attempts."""
        return self._failures(batch_id, lane).past(index)

    def failures(self, batch_id: str, lane: str) -> Iterator[tuple[int, FailureRecord]]:
        """Reads the last failure of each run of a flow that had one, in order."""
        return self._failures(batch_id, lane).all()

    def _failures(self, batch_id: str, lane: str) -> FailureRecords:
        return FailureRecords(self._store, lane_place(batch_id, lane))

    def record_cancel(self, batch_id: str, at: datetime) -> None:
        """Keeps that a batch is canceled; a second call keeps the first moment."""
        self.open_marks.cancel(batch_id)
        _CANCEL.create(self._store, Moment(at=at), batch_id)

    def canceled_at(self, batch_id: str) -> datetime | None:
        """Tells when a batch was canceled, if it was."""
        cancel = _CANCEL.find(self._store, batch_id)
        return cancel.at if cancel else None

    def note_alive_at_cancel(self, batch_id: str, lane: str, runs: Collection[int]) -> None:
        """Keeps which runs of a flow may have been alive at Stripe when it was canceled; what is noted first, stays."""
        _ALIVE_AT_CANCEL.create(self._store, AliveAtCancel(runs=sorted(runs)), batch_id, lane)

    def alive_at_cancel(self, batch_id: str, lane: str) -> Collection[int] | None:
        """Tells the indexes of the runs that may have been; None where nobody knew."""
        noted = _ALIVE_AT_CANCEL.find(self._store, batch_id, lane)
        return noted.runs if noted else None

    def closings(self, batch_id: str) -> int:
        """Tells the number of the last word on how a batch ended, or that it did not; 0 before there is any."""
        return _CLOSING.number(self._store, batch_id) or 0

    def record_closing(self, batch_id: str, closing: Closing, *, after: int) -> bool:
        """Keeps how a batch ended, by who knew of so many words before; False if there was another one since."""
        return _CLOSING.create(self._store, after + 1, closing, batch_id)

    def closing(self, batch_id: str) -> Closing | None:
        """Reads how a batch of the spec ended; None before it did, and again once somebody retried what failed."""
        last = _CLOSING.last(self._store, batch_id)
        return None if last is None or last.record.reopened else last.record

    def reopen(self, batch_id: str) -> None:
        """Makes its closing history: runs of it are taken up again."""
        _CLOSING.change(self._store, _reopened, batch_id)

    def review(self, batch_id: str, decide: Callable[[Review], Review]) -> bool:
        """Makes its closing history, and keeps in the same word how the next one is to be; False if none counts."""
        accepted_at = self.batch(batch_id).created_at
        self.open_marks.accept(batch_id, accepted_at)

        def reviewed(closing: Closing | None) -> Closing | None:
            history = _reopened(closing)
            return history and history.model_copy(update={"review": decide(history.review or Review())})

        made = _CLOSING.change(self._store, reviewed, batch_id) is not None
        # Once more, since who found the batch closed until now may have taken the mark away.
        self.open_marks.accept(batch_id, accepted_at)
        return made

    def last_review(self, batch_id: str) -> Review | None:
        """Reads what was decided about what landed, if anything ever was."""
        last = _CLOSING.last(self._store, batch_id)
        return last.record.review if last else None

    def record_stop(self, batch_id: str, stop: Stop) -> bool:
        """Keeps why a batch was paused; False if it was stopped before, and that record stays."""
        return _STOP.create(self._store, stop, batch_id)

    def stop(self, batch_id: str) -> Stop | None:
        """Reads why its closer paused a batch, if it ever did."""
        return _STOP.find(self._store, batch_id)

    def resume(self, batch_id: str) -> None:
        """Keeps that a person lets a stopped batch go on: nothing stops it again."""
        stop = self.stop(batch_id)
        if stop and not stop.resumed:
            _STOP.put(self._store, stop.model_copy(update={"resumed": True}), batch_id)

    def record_told(self, batch_id: str, occasion: str, at: datetime) -> None:
        """Keeps that people were told, so that they are not told again."""
        _TOLD.put(self._store, Moment(at=at), batch_id, occasion)

    def told(self, batch_id: str, occasion: str) -> bool:
        """Tells whether people were told."""
        return _TOLD.exists(self._store, batch_id, occasion)


def _reopened(closing: Closing | None) -> Closing | None:
    """Gives a closing as history; None where there is none that counts."""
    if closing is None or closing.reopened:
        return None
    return closing.model_copy(update={"reopened": True})


def _is_window_before(policy: Policy | None, names: Collection[str], moment: datetime) -> bool:
    if policy is None or policy.window is None or not policy.counts:
        return False
    return policy.definition in names and policy.window.start < moment
