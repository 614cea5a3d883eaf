"""Notes in the ledger which creates may be sent, before anybody can send them: between a claim and its message.

Whatever Redis loses, what may be alive at Stripe is known from these notes (`store/ledger/sent_records.py`). A thread
of its own writes them, one request for all that was claimed since the last, so a store that stalls holds up neither
polls nor downloads: submits alone wait, never more of them than a queue has room for, and the pump says why.

    dies before the note        nothing was sent; the claim is due again after `RESEND_MS`
    dies in it, or its answer
      is lost                   the same object is written again, or never was: nothing was sent
    dies after it               a run is noted that nobody sent: after a loss it holds a slot until its create tells
    dies after the message      the note says what is so

Of which runs Stripe then named the QueryRun is noted with the next of these, or within `ANSWERS_WITHIN_S`: after a loss
their replay starts nothing. Where that is missing a run counts as one that may be alive, or may start.

Called by the pump (`worker/pump.py`): `note` what was claimed, and publish what is `noted`; by the steps: `answered`.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from forebay.governor.contract import Claimed
from forebay.store.errors import StoreError
from forebay.store.ledger.sent_records import NOTED_FOR, SentMinute, SentRecords

log = logging.getLogger(__name__)

#: After a store that did not answer.
AGAIN_S = 1.0
#: How long an answer waits for a note that it can go with.
ANSWERS_WITHIN_S = 1.0
#: A note that took longer to write is written again.
SLOW = timedelta(minutes=1)
#: So many runs an object has at most: it is written anew with each note, and a minute of a busy lane has thousands.
MOST_RUNS = 128
#: How often notes are swept that tell nothing any more, by each process that writes any.
SWEEP_EVERY = timedelta(hours=1)

#: Lane, run, attempt.
Sent = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPorts:
    """What the writer touches."""

    records: SentRecords
    node: str
    """Names this process, and none before it."""
    now: Callable[[], datetime]
    wake: Callable[[], None]
    """Called when something may be published."""


class SentWriter:
    """Notes what is about to be sent, in a thread of its own until it is stopped."""

    def __init__(self, ports: SentPorts) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], Claimed] = {}
        self._noted: dict[tuple[str, str], Claimed] = {}
        self._minute = _Minute(ports.now(), 0)
        self._good: dict[Sent, datetime] = {}
        self._answered: set[Sent] = set()
        self._swept_at: datetime | None = None
        self._work, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sent-writer", daemon=True)
        self.trouble: str | None = None
        """Why nothing can be noted, and so no query begins."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the thread to end. What is not noted by then is due again, and noted by another."""
        self._stopping.set()
        self._work.set()

    @property
    def waiting(self) -> int:
        """Counts the runs in its hands: those are no room for others."""
        return len(self._waiting) + len(self._noted)

    def note(self, lane: str, runs: Sequence[Claimed]) -> None:
        """Takes runs that were claimed; one that was claimed again meanwhile is noted once."""
        with self._lock:
            self._waiting |= {(lane, claimed.run): claimed for claimed in runs}
        self._work.set()

    def answered(self, lane: str, run: str, attempt: int) -> None:
        """Takes a run whose QueryRun Stripe has named, for the next note."""
        with self._lock:
            self._answered.add((lane, run, attempt))

    def noted(self) -> Iterator[tuple[str, list[Claimed]]]:
        """Hands out what may be published, once, by lane."""
        with self._lock:
            noted, self._noted = self._noted, {}
        lanes: dict[str, list[Claimed]] = {}
        for (lane, _), claimed in noted.items():
            lanes.setdefault(lane, []).append(claimed)
        yield from lanes.items()

    def commit(self) -> None:
        """Notes all that waits. Raises StoreError: then it goes on waiting."""
        with self._lock:
            waiting, answered = dict(self._waiting), set(self._answered)
        now = self._ports.now()
        new = self._new(waiting, now)
        if new or answered:
            if not self._minute.takes(now):
                self._begin_minute(now)
            minute = self._minute.with_more(new, answered)
            node = f"{self._ports.node}-{minute.number}"
            self._ports.records.write(minute.at, node, SentMinute(minute.runs, minute.answered))
            self._minute = minute
            with self._lock:
                self._answered -= answered
            if self._ports.now() - now > SLOW:
                self.commit()  # it dates what is sent only now too early
                return
            self._good |= dict.fromkeys(new, now)
        if not waiting:
            return
        with self._lock:
            self._noted |= waiting
            self._waiting = {key: claimed for key, claimed in self._waiting.items() if waiting.get(key) != claimed}
        self._ports.wake()

    def _new(self, waiting: dict[tuple[str, str], Claimed], now: datetime) -> list[Sent]:
        """Finds those of which no note is good for long enough."""
        runs = ((lane, run, claimed.attempt) for (lane, run), claimed in waiting.items())
        return [sent for sent in runs if not self._is_good(sent, now)]

    def _is_good(self, sent: Sent, now: datetime) -> bool:
        noted_at = self._good.get(sent)
        return noted_at is not None and timedelta() <= now - noted_at < NOTED_FOR

    def _begin_minute(self, now: datetime) -> None:
        self._minute = _Minute(now, self._minute.number + 1)
        self._good = {sent: at for sent, at in self._good.items() if self._is_good(sent, now)}
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            with suppress(StoreError):  # it says so itself when it writes; what is left is swept an hour later
                self._ports.records.sweep(now)
            self._swept_at = now

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.wait(ANSWERS_WITHIN_S)
            self._work.clear()
            while not self._stopping.is_set() and not self._committed():
                self._stopping.wait(AGAIN_S)

    def _committed(self) -> bool:
        try:
            self.commit()
        except StoreError as error:
            if str(error) != self.trouble:
                log.warning("no query is begun: %s", error, extra={"event": "sent_unwritten"})
            self.trouble = str(error)
            return False
        except Exception:
            log.exception("noting what is sent failed, which is a bug", extra={"event": "bug"})
            self.trouble = "internal error, see the worker's log"
            return False
        self.trouble = None
        return True


#: Lane → batch → (index, attempt).
_Runs = dict[str, dict[str, list[tuple[int, int]]]]


class _Minute:
    """What this process has noted in one minute, or the last part of it where it noted much."""

    def __init__(self, at: datetime, number: int, runs: _Runs | None = None, answered: _Runs | None = None) -> None:
        """Takes the `number` by which its object is told from all others of this process."""
        self.at, self.number = at.replace(second=0, microsecond=0), number
        self.runs, self.answered = runs or {}, answered or {}

    def takes(self, moment: datetime) -> bool:
        """Says whether what is noted at this moment goes in here."""
        return self.at == moment.replace(second=0, microsecond=0) and _count(self.runs) < MOST_RUNS

    def with_more(self, runs: Iterable[Sent], answered: Iterable[Sent]) -> "_Minute":
        return _Minute(self.at, self.number, _with_more(self.runs, runs), _with_more(self.answered, answered))


def _count(noted: _Runs) -> int:
    return sum(len(runs) for flows in noted.values() for runs in flows.values())


def _with_more(runs: _Runs, more: Iterable[Sent]) -> _Runs:
    lanes = {lane: {flow: list(noted) for flow, noted in flows.items()} for lane, flows in runs.items()}
    for lane, run, attempt in more:
        flow, _, index = run.rpartition("/")
        lanes.setdefault(lane, {}).setdefault(flow, []).append((int(index), attempt))
    return lanes
