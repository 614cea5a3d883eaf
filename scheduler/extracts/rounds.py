"""Makes one round of beat over one extract: reads how its windows stand, decides by `decisions.py`, and does it.

Any number of beats do so at once: a batch's id names its window, so the ledger creates it once, and marks are created
once too.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.errors import GovernorError
from forebay.landing.errors import LandingError
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.definitions.expand import Wanted, calendar_of, expand_window
from forebay.scheduler.definitions.spec_to_policy import notify_of
from forebay.scheduler.errors import SchedulerError
from forebay.scheduler.extracts.data_told import DataSources, DataTold
from forebay.scheduler.extracts.decisions import DATA_AGAIN, Decision, WindowStatus, decide
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.notify import Message, Tell
from forebay.scheduler.windows.calendar import Window, label, window_name
from forebay.store.errors import StoreError
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.records import Batch

log = logging.getLogger(__name__)

#: How soon a pause that was lifted is noticed.
PAUSED_AGAIN = timedelta(minutes=1)

#: How soon the answer to a question about data is read: it is a small query.
ANSWERED_SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round came to."""

    submitted: tuple[str, ...] = ()
    next_at: datetime
    """When the next one is to be."""
    problem: str | None = None
    """Why not all was done; it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundServices(DataSources):
    """What rounds work with: made by beat, or by a test."""

    ledger: Ledger
    marks: Marks
    submitter: Submitter
    closing_queue: ClosingQueue
    wanted: Wanted
    tell: Tell
    restore: Callable[[Batch], object]
    """Gets a batch into Redis that is in the ledger, and that nobody closes: `Reconciler.bring_back`."""


class Rounds:
    """Makes the rounds over the extracts of one configuration. One thread uses it."""

    def __init__(self, services: RoundServices) -> None:
        self._services = services
        self._statuses = StatusReader(services.ledger, services.marks)

    def make(self, name: str, now: datetime) -> Round:
        """Does what is due of one extract. What fails is logged, and tried again; it stops no other extract."""
        submitted: list[str] = []
        try:
            next_at = self._act(name, now, submitted.append)
        except (ConfigError, SchedulerError, StoreError, GovernorError, LandingError) as error:
            about = {"event": "round_failed", "extract": name}
            log.warning("extract %s: %s; it is tried again", name, error, extra=about)
            return Round(submitted=tuple(submitted), next_at=now + DATA_AGAIN, problem=str(error))
        return Round(submitted=tuple(submitted), next_at=next_at)

    def _act(self, name: str, now: datetime, done: Callable[[str], None]) -> datetime:
        written = self._services.config.written
        if written is None or name not in written.spec.extracts:
            raise ConfigError(f"the spec has no extract '{name}'")
        calendar_of(written, name)  # says what is wrong with its windows, by the line of the spec
        schedule = Schedule.of(written.spec.extracts[name])
        windows, decision = self._decide(name, schedule, now)
        for status in windows:
            if status.unreadable:
                about = {"event": "window_unreadable", "extract": name, "batch": status.batch}
                log.warning("extract %s: %s", name, status.unreadable, extra=about)
        # Late windows first: a budget that is spent must not keep people from hearing of them.
        for late in decision.late:
            self._tell_late(written, name, schedule, late, now)
        self._restore_lost(windows)
        if self._services.marks.paused(name):
            return min(decision.next_round, now + PAUSED_AGAIN)
        for window in decision.skip:
            self._services.marks.add(name, "skipped", window_name(window), now)
        for window in decision.submit:
            done(self._submit(name, window, self._loaded(name, schedule, now)))
        if decision.wants_data and DataTold(self._services, name, now).answer_is_near():
            return min(decision.next_round, now + ANSWERED_SOON)
        return decision.next_round

    def _decide(self, name: str, schedule: Schedule, now: datetime) -> tuple[Sequence[WindowStatus], Decision]:
        """Reads how its windows stand, and decides what to do; asks for data where some window waits for them."""
        known_since = self._services.marks.first_seen(name, now)
        loaded = self._loaded(name, schedule, now)
        while True:
            status = self._statuses.read(name, schedule.watched(now, loaded))
            decision = decide(schedule, now, status, loaded=loaded, known_since=known_since)
            if decision.wants_data is None:
                return status.windows, decision
            DataTold(self._services, name, now).ask(decision.wants_data)
            newer = self._loaded(name, schedule, now)
            if newer == loaded:
                return status.windows, decision
            loaded = newer

    def _loaded(self, name: str, schedule: Schedule, now: datetime) -> datetime | None:
        return DataTold(self._services, name, now).until() if schedule.when == "data_ready" else None

    def _restore_lost(self, windows: Sequence[WindowStatus]) -> None:
        """Restores batches whose submitter died between ledger and Redis, or that Redis has lost since."""
        closing_queue = set(self._services.closing_queue.all()) if any(window.open for window in windows) else set()
        for window in windows:
            if window.open and window.batch and window.batch not in closing_queue:
                batch = self._services.ledger.batch(window.batch)
                # Closed since its status was read: then it left the queue because of that.
                if self._services.ledger.closing(batch.id) is None:
                    log.warning("brought back into Redis", extra={"event": "restored", "batch": batch.id})
                    self._services.restore(batch)

    def _submit(self, name: str, window: Window, loaded: datetime | None) -> str:
        expansion = expand_window(self._services.config, name, window, wanted=self._services.wanted)
        self._services.submitter.submit(_told(expansion.new_batch(), loaded))
        log.info("submitted", extra={"event": "submitted", "batch": expansion.terms.id})
        return expansion.terms.id

    def _tell_late(
        self, written: WrittenSpec, name: str, schedule: Schedule, late: WindowStatus, now: datetime
    ) -> None:
        if not self._services.marks.add(name, "late", window_name(late.window), now):
            return  # another beat tells
        shown = label(late.window, schedule.calendar.zone)
        subject = f"extract {name}: window {shown} is late"
        about = {"event": "window_late", "extract": name, "window": window_name(late.window), "batch": late.batch}
        log.warning(subject, extra=about)
        notify = notify_of(written, written.spec.extracts[name])
        if notify and "late" in notify.on:
            lines = (f"forebay watch {late.batch}",) if late.batch else ("it has no batch yet",)
            self._services.tell(notify, Message(subject=subject, lines=lines, facts={"extract": name, "window": shown}))


def _told(batch: NewBatch, loaded: datetime | None) -> NewBatch:
    """Lets the batch say up to where its data were known to be."""
    policy = batch.terms.policy
    if policy is None or loaded is None:
        return batch
    policy = policy.model_copy(update={"data_loaded_at": loaded})
    return replace(batch, terms=replace(batch.terms, policy=policy))
