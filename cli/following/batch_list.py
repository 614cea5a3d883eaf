"""Finds the batches of a deployment, newest first, with how each stands: those of Redis, and those that it has lost.

One record or one destination that cannot be read is named, and the others are listed.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice

from forebay.cli.deployment import Deployment
from forebay.cli.output.batch_state import BatchState, batch_state
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.errors import LayoutMismatch
from forebay.scheduler.batches.ledger_progress import ledger_progress
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.batches.lost_batches import lost_batches
from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.errors import BatchUnknown
from forebay.store.errors import Refused, StoreError
from forebay.store.key_rules import segment
from forebay.store.ledger.open_marks import accepted_at
from forebay.store.ledger.outcomes import Closing, Stop
from forebay.store.ledger.records import Batch

#: Where there seem to be fewer batches than are asked for, so many of the ledger's are read, to see whether that is so.
MOST_COMPARED = 500
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStanding:
    """A batch and how it stands, as far as both can be read."""

    batch: Batch
    progress: Progress
    state: BatchState
    closing: Closing | None = None
    stop: Stop | None = None
    remembered: bool = False
    """Redis does not know it: its counts are those of ledger and manifests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBatch:
    """A batch of the list."""

    id: str
    accepted_at: datetime
    standing: BatchStanding | None
    trouble: str = ""
    """Why it cannot be read, if so."""

    @property
    def state(self) -> BatchState:
        return self.standing.state if self.standing else BatchState.UNREADABLE


def standing_of(deployment: Deployment, batch: Batch) -> BatchStanding:
    """Reads how a batch stands, from Redis or else from ledger and destination. Raises StoreError, GovernorError."""
    progress = deployment.reader.progress(batch)
    if not progress.known:
        progress = ledger_progress(deployment.ledger, deployment.store, batch)
        return _standing(deployment, batch, progress, remembered=True)
    return _standing(deployment, batch, progress, remembered=False)


def known_standing(deployment: Deployment, batch: Batch) -> BatchStanding | None:
    """Reads how a batch stands that Redis knows; None of any other, which would cost its ledger and its results."""
    progress = deployment.reader.progress(batch)
    return _standing(deployment, batch, progress, remembered=False) if progress.known else None


def _standing(deployment: Deployment, batch: Batch, progress: Progress, *, remembered: bool) -> BatchStanding:
    # The ledger is asked only where there may be something.
    closing = deployment.ledger.closing(batch.id) if batch.needs_closing and progress.done else None
    stop = deployment.ledger.stop(batch.id) if batch.needs_closing and progress.paused else None
    state = batch_state(batch, progress, closing, stop)
    return BatchStanding(batch=batch, progress=progress, state=state, closing=closing, stop=stop, remembered=remembered)


class BatchList:
    """The batches of one deployment."""

    def __init__(
        self,
        deployment: Deployment,
        limit: int,
        *,
        most_read: int | None = None,
        passes: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Looks for what Redis has lost, too, if it has less than `limit`; reads no more than `most_read` records.

        What `passes` is neither read nor yielded, and costs a name of Redis's list.
        """
        self._deployment = deployment
        self._recent = RecentBatches(deployment.redis)
        self._limit = limit
        self._most_read = most_read
        self._passes = passes
        self.is_cut = False
        """Whether there were more than may be read."""
        self.elsewhere = 0
        """Batches of this Redis that are in another ledger, as far as they were come across."""

    def __len__(self) -> int:
        return self._recent.count() + len(self._lost)

    def newest(self, since: datetime | None = None, name: str = "") -> Iterator[ListedBatch]:
        """Yields them; `name` is a part of their ids, or of where they came from."""
        all_of_them = heapq.merge(self._recent.newest(), self._lost, key=lambda pair: pair[1], reverse=True)
        wanted = (each for each in all_of_them if not self._passes(each[0]))
        for read, (batch_id, accepted) in enumerate(wanted):
            if since and accepted < since:
                return
            if read == self._most_read:
                self.is_cut = True
                return
            listed = self._read(batch_id, accepted)
            if listed and (not name or name.casefold() in _named(listed)):
                yield listed

    def _read(self, batch_id: str, accepted: datetime) -> ListedBatch | None:
        try:
            batch = find_batch(self._deployment.ledger, batch_id)
        except BatchUnknown:
            self.elsewhere += 1
            return None
        except Refused as error:
            return ListedBatch(id=batch_id, accepted_at=accepted, standing=None, trouble=str(error))
        try:
            standing = standing_of(self._deployment, batch)
        except (StoreError, LayoutMismatch) as error:
            return ListedBatch(id=batch_id, accepted_at=batch.created_at, standing=None, trouble=str(error))
        return ListedBatch(id=batch_id, accepted_at=batch.created_at, standing=standing)

    @cached_property
    def _lost(self) -> list[tuple[str, datetime]]:
        """Finds batches of the ledger that Redis does not list, newest first: those with something open, at least."""
        ledger = self._deployment.ledger
        times = {folder: accepted_at(marks) for folder, marks in ledger.open_marks.all().items()}
        if self._recent.count() < self._limit:
            known = {segment(batch_id) for batch_id, _ in self._recent.newest()}
            newest = (each for each in ledger.acceptances.newest(datetime.now(UTC)) if each.folder not in known)
            lately: dict[str, datetime | None] = {each.folder: each.at for each in islice(newest, self._limit + 1)}
            if len(lately) <= self._limit:  # some may be from before it was marked when they were accepted
                others = (folder for folder in ledger.names.like("") if folder not in known)
                lately = dict.fromkeys(islice(others, MOST_COMPARED)) | lately
            times = lately | times
        lost = lost_batches(ledger, self._deployment.redis, times)
        found = ((name, batch.created_at if batch else times.get(segment(name)) or _LONG_AGO) for name, batch in lost)
        return sorted(found, key=lambda each: each[1], reverse=True)


def _named(listed: ListedBatch) -> str:
    source = listed.standing.batch.source if listed.standing else ""
    return f"{listed.id} {source}".casefold()
