"""Keeps which runs may be alive at Stripe: what may be sent stands here before it is sent.

    sent/<minute>-<node>-<number>.json   what one process noted in that minute, or in a part of it, by lane and batch:
                                         which runs may be sent, and of which Stripe has named the QueryRun

Written by each worker process before it publishes a submit (`worker/sent_writer.py`): an object is written anew with
all that it has, until its minute is over or it is full, and left alone afterwards. Read after Redis lost something:
what was noted within `MAY_BE_ALIVE`, and has no durable end, holds a slot until a replay of its key tells more. What
was answered is replayed without a risk: its key stands at Stripe, so nothing starts. That is noted afterwards, and may
be missing: then a replay may start the query, since it may never have been sent, or have been refused. What is older
than `KEPT` tells nothing any more.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from forebay.config.stripe import MAX_QUERY_S
from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger import name_times
from forebay.store.ledger.record_kind import RecordKind

#: So long a note is good for: a create that is replayed later is noted again.
NOTED_FOR = timedelta(minutes=5)
#: Stripe ends a query by its limit, counted from a create that was sent while its note was good; the rest is for the
#: minute that a note is dated by, a create that is slow on its way, and clocks that differ.
MAY_BE_ALIVE = timedelta(seconds=MAX_QUERY_S) + NOTED_FOR + timedelta(minutes=5)
#: Longer than a note may matter.
KEPT = timedelta(hours=2)

_ROOT = "sent/"
_READERS = 16


@dataclass(frozen=True, slots=True)
class SentRun:
    """An attempt of a run whose create may have been sent."""

    flow: str
    index: int
    attempt: int
    answered: bool = False
    """Stripe has named its QueryRun."""


#: Lane → batch → (index, attempt).
Noted = Mapping[str, Mapping[str, Sequence[tuple[int, int]]]]


@dataclass(frozen=True, slots=True)
class SentMinute:
    """What one process noted in one minute."""

    runs: Noted
    """What may be sent."""
    answered: Noted = field(default_factory=dict)
    """Of which Stripe has named the QueryRun."""


_SENT = RecordKind(TypeAdapter(SentMinute), lambda key: f"{_ROOT}{key}.json")


class SentRecords:
    """The notes of all processes. Safe to share between threads. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, minute: datetime, node: str, sent: SentMinute) -> None:
        """Notes what a process may send, in place of what it had noted in this minute under this name."""
        _SENT.put(self._store, sent, f"{name_times.minute(minute)}-{segment(node)}")

    def may_be_alive(self, now: datetime) -> dict[str, set[SentRun]]:
        """Reads what was noted so lately that Stripe may still run it, by lane."""
        keys = [key for at, key in self._noted() if at >= now - MAY_BE_ALIVE]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="sent") as readers:
            minutes = list(readers.map(self._read, keys))
        answered = {run for minute in minutes for run in _each(minute.answered)}
        alive: dict[str, set[SentRun]] = {}
        for lane, flow, index, attempt in (run for minute in minutes for run in _each(minute.runs)):
            run = SentRun(flow, index, attempt, answered=(lane, flow, index, attempt) in answered)
            alive.setdefault(lane, set()).add(run)
        return alive

    def sweep(self, now: datetime) -> None:
        """Deletes what tells nothing any more, whoever wrote it."""
        for at, key in list(self._noted()):
            if at < now - KEPT:
                self._store.delete(key)

    def _noted(self) -> Iterator[tuple[datetime, str]]:
        for key in self._store.list(_ROOT):
            at = name_times.moment_in(key.removeprefix(_ROOT).partition("-")[0])
            if at and key.endswith(".json"):
                yield at, key

    def _read(self, key: str) -> SentMinute:
        with suppress(NotFound):  # swept since it was listed: then it was old
            return _SENT.read(self._store, key)
        return SentMinute({})


def _each(noted: Noted) -> Iterator[tuple[str, str, int, int]]:
    return (
        (lane, flow, index, attempt)
        for lane, flows in noted.items()
        for flow, runs in flows.items()
        for index, attempt in runs
    )
