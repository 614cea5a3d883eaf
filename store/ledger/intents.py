"""Keeps what people want of batches and lanes while they run: what is confirmed to them stands here before it is so.

    batches/<id>/intents-<number>.json      a pause of the batch, and how it is to be served
    lanes/<lane>/intents-<number>.json      a pause of the lane, and limits that were set at run time

Written by whoever steers, before Redis hears of it; read by whoever reconciles Redis with the ledger. That a batch was
canceled, and which of its runs were retried, is kept beside (`ledger.py`, `failure_records.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import AwareDatetime, TypeAdapter

from forebay.config.standing import Standing, StandingChange
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.open_marks import OpenMarks
from forebay.store.ledger.versions import Version, Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchIntents:
    """What people want of a batch beside what it was accepted with."""

    at: AwareDatetime
    paused: str | None = None
    """Why; None if they want it to go on."""
    standing: Standing | None = None
    """How it is to be served; None: as it was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneIntents:
    """What people want of a lane beside what the spec says."""

    at: AwareDatetime
    paused: str | None = None
    limits: Mapping[str, int | float] = field(default_factory=dict)
    """By the names of the governor's `LaneLimits`."""


_BATCH = Versions(TypeAdapter(BatchIntents), lambda batch_id: f"batches/{segment(batch_id)}/intents")
_LANE = Versions(TypeAdapter(LaneIntents), lambda lane: f"lanes/{segment(lane)}/intents")


class Intents:
    """The intents of one ledger. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks = OpenMarks(store)

    def of_batch(self, batch_id: str) -> BatchIntents | None:
        """Reads what people want of a batch, if they ever said."""
        last = _BATCH.last(self._store, batch_id)
        return last.record if last else None

    def pause_batch(self, batch_id: str, reason: str | None, at: datetime) -> None:
        """Keeps that a batch is to pause, and why; None: to go on."""
        self._change(batch_id, lambda last: replace(last, at=at, paused=reason), at)

    def change_batch(self, batch_id: str, accepted: Standing, change: StandingChange, at: datetime) -> None:
        """Keeps that a batch, accepted with this standing, is to be served otherwise."""
        self._change(
            batch_id, lambda last: replace(last, at=at, standing=change.applied_to(last.standing or accepted)), at
        )

    def of_lane(self, lane: str) -> Version[LaneIntents] | None:
        """Reads what people want of a lane, if they ever said."""
        return _LANE.last(self._store, lane)

    def pause_lane(self, lane: str, reason: str | None, at: datetime) -> None:
        """Keeps that a lane is to pause, and why; None: to go on."""
        _LANE.change(self._store, lambda last: replace(last or LaneIntents(at=at), at=at, paused=reason), lane)

    def limit_lane(self, lane: str, limits: Mapping[str, int | float], at: datetime) -> None:
        """Keeps limits that were set; those that are not named stay as they were."""

        def changed(last: LaneIntents | None) -> LaneIntents:
            kept = last or LaneIntents(at=at)
            return replace(kept, at=at, limits={**kept.limits, **limits})

        _LANE.change(self._store, changed, lane)

    def _change(self, batch_id: str, change: Callable[[BatchIntents], BatchIntents], at: datetime) -> None:
        """Writes the next version, and the mark that tells of it: both are there before this is confirmed."""
        version = _BATCH.change(self._store, lambda last: change(last or BatchIntents(at=at)), batch_id)
        if version:
            self._marks.steer(batch_id, version.number)
