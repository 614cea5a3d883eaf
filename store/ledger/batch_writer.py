"""Makes batches: streams their items into chunks, then writes `batch.json`, by which a batch exists.

Called by whoever submits, through `Ledger.write_batch`. What a writer that was killed left is found by its mark
(`writings.py`), and swept by whoever sweeps.
"""

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime

from forebay.config.stripe import Api
from forebay.store.errors import BadRecord, NotFound, StoreError, Unavailable
from forebay.store.interface import Store
from forebay.store.ledger.acceptances import Acceptances
from forebay.store.ledger.batch_places import BATCH_RECORD, chunk_key, read_batch
from forebay.store.ledger.chunks import ChunkWriter
from forebay.store.ledger.open_marks import OpenMarks
from forebay.store.ledger.records import Batch, BatchTerms, Item, PathNames, aware
from forebay.store.ledger.writings import Writing, Writings


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What writing a batch came to."""

    batch: Batch
    created: bool
    """False: a batch of this id was there before, `batch` is that one, and nothing of the new one was kept."""


class BatchWriter:
    """Writes batches into a store. Safe to share between threads."""

    def __init__(self, store: Store, *, chunk_items: int, read: Callable[[str], Batch]) -> None:
        """Takes `read`, which gives the batch of an id, and keeps what it read."""
        self._store = store
        self._chunk_items = chunk_items
        self._read = read
        self._writings = Writings(store)

    def write(
        self, terms: BatchTerms, items: Iterable[tuple[str, Item]], *, connection: str, api: Api, created_at: datetime
    ) -> Written:
        """Makes (lane, item) pairs a batch, or finds that another writer has. Raises StoreError."""
        aware(created_at)
        writing = secrets.token_hex(4)
        mark = self._writings.begin(terms.id, writing, created_at)
        chunks = ChunkWriter(
            self._store,
            lambda lane, number: chunk_key(terms.id, lane, number, writing),
            chunk_items=self._chunk_items,
        )
        try:
            for lane, item in items:
                chunks.add(lane, item)
            flows = chunks.finish()
        except BaseException:
            self._discard(chunks, mark)
            raise
        batch = Batch(
            **{field.name: getattr(terms, field.name) for field in fields(BatchTerms)},
            created_at=created_at,
            connection=connection,
            api=api,
            flows=flows,
            chunk_items=self._chunk_items,
            writing=writing,
            path_names=PathNames.PLAIN,
        )
        OpenMarks(self._store).accept(batch.id, created_at)
        Acceptances(self._store).add(batch.id, created_at)
        BATCH_RECORD.create(self._store, batch, batch.id)
        return self._kept(batch.id, chunks, mark)

    def _kept(self, batch_id: str, chunks: ChunkWriter, mark: Writing) -> Written:
        """Finds out whose batch of this id there is now.

        It is read back rather than trusting the answer: if an earlier try of the create went through and only its reply
        was lost, the store says "was there" about our own file. For the same reason chunks are not removed when the
        create fails: the batch may exist all the same.
        """
        kept = self._read(batch_id)
        created = kept.writing == mark.name
        if not created:
            self._discard(chunks, mark)
        elif not self._writings.stands(mark):
            self._store.delete(BATCH_RECORD.key(batch_id))
            raise Unavailable(
                f"batch {batch_id} took more than a day to write, and its items were swept: submit it again"
            )
        else:
            with suppress(StoreError):  # it is accepted
                self._writings.end(mark)
        return Written(batch=kept, created=created)

    def _discard(self, chunks: ChunkWriter, mark: Writing) -> None:
        """Removes what was written of a batch that did not come to be; what cannot be removed is swept later."""
        with suppress(StoreError):
            chunks.discard()
            self._writings.end(mark)

    def sweep(self, now: datetime) -> int:
        """Removes the items of batches whose writers ended before those came to be; returns how many those were."""
        return self._writings.sweep(now, self._came_to_be)

    def adopt(self, folder: str, now: datetime) -> None:
        """Has it swept a day from now what an older release left in this folder of a batch that never came to be."""
        self._writings.adopt(folder, now)

    def _came_to_be(self, mark: Writing) -> bool:
        try:
            return read_batch(self._store, mark.folder).writing == mark.name
        except NotFound:
            return False
        except BadRecord:  # of a newer release
            return True
