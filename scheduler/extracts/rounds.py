"""One look of beat at one extract: how its windows stand, what `scheduler/extracts/decisions.py` decides, and doing it.

Any number of beats look at once: a batch's id names its window, so the ledger creates it once, and marks are created
once too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis

from forebay.config.connections import Config, Connection
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError
from forebay.governor.closing_queue import ClosingQueue
from forebay.governor.errors import GovernorError
from forebay.scheduler.batches.batches import Batches
from forebay.scheduler.definitions.accounts import resolve_accounts
from forebay.scheduler.definitions.expand import Wanted, calendar_of, expand_window
from forebay.scheduler.definitions.policies import notify_of
from forebay.scheduler.errors import SchedulerError
from forebay.scheduler.extracts.decisions import DATA_AGAIN, Decision, Standing, decide
from forebay.scheduler.extracts.ready import Ready
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.extracts.standings import Standings
from forebay.scheduler.notify import Message, Tell
from forebay.scheduler.windows.calendar import Window, label, window_name
from forebay.store.errors import StoreError
from forebay.store.ledger import Ledger
from forebay.store.marks import Marks
from forebay.store.records import Batch

log = logging.getLogger(__name__)

#: How soon a pause that was lifted is noticed.
PAUSED_AGAIN = timedelta(minutes=1)

#: How soon the answer to a question about data is looked for: it is a small query.
ANSWERED_SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look came to."""

    submitted: tuple[str, ...] = ()
    look_again: datetime
    said: str | None = None
    """Why not all was done; it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundServices:
    """What rounds work with. Made by beat, or by a test."""

    config: Config
    ledger: Ledger
    marks: Marks
    batches: Batches
    closing_queue: ClosingQueue
    ready: Ready
    wanted: Wanted
    tell: Tell
    restore: Callable[[Batch], object]
    """Gets a batch into Redis that is in the ledger, and that nobody closes: `Rebuild.restore`."""


class Rounds:
    """Looks at the extracts of one configuration. One thread uses it."""

    def __init__(self, means: RoundServices) -> None:
        self._means = means
        self._standings = Standings(means.ledger, means.marks)

    def look(self, name: str, now: datetime) -> Look:
        """What fails is said, and tried again; it stops no other extract."""
        submitted: list[str] = []
        try:
            look_again = self._act(name, now, submitted.append)
        except (ConfigError, SchedulerError, StoreError, GovernorError, redis.RedisError) as error:
            log.warning("extract %s: %s; it is tried again", name, error, extra={"event": "look_failed"})
            return Look(submitted=tuple(submitted), look_again=now + DATA_AGAIN, said=str(error))
        return Look(submitted=tuple(submitted), look_again=look_again)

    def _act(self, name: str, now: datetime, done: Callable[[str], None]) -> datetime:
        written = self._means.config.written
        if written is None or name not in written.spec.extracts:
            raise ConfigError(f"the spec has no extract '{name}'")
        calendar_of(written, name)  # says what is wrong with its windows, by the line of the spec
        schedule = Schedule.of(written.spec.extracts[name])
        standings, decision = self._decide(name, schedule, now)
        # Late windows first: a budget that is spent must not keep people from hearing of them.
        for standing in decision.late:
            self._late(written, name, schedule, standing, now)
        self._restore_lost(standings)
        if self._means.marks.paused(name):
            return min(decision.look_again, now + PAUSED_AGAIN)
        for window in decision.skip:
            self._means.marks.add(name, "skipped", window_name(window), now)
        for window in decision.submit:
            done(self._submit(name, window))
        if decision.wants_data and self._means.ready.is_asked(*asked_for_data(self._means.config, name)):
            return min(decision.look_again, now + ANSWERED_SOON)
        return decision.look_again

    def _decide(self, name: str, schedule: Schedule, now: datetime) -> tuple[list[Standing], Decision]:
        """How its windows stand, and what to do; asks for data where some window waits for them."""
        means = self._means
        known_since = means.marks.first_seen(name, now)
        loaded = self._loaded(name, schedule, now, ask=False)
        while True:
            standings, busy_since = self._standings.of(name, schedule.watched(now, loaded))
            decision = decide(schedule, now, standings, loaded=loaded, busy_since=busy_since, known_since=known_since)
            if decision.wants_data is None:
                return standings, decision
            newer = self._loaded(name, schedule, now, ask=True)
            if newer == loaded:
                return standings, decision
            loaded = newer

    def _loaded(self, name: str, schedule: Schedule, now: datetime, *, ask: bool) -> datetime | None:
        if schedule.when != "data_ready":
            return None
        connection, account = asked_for_data(self._means.config, name)
        ready = self._means.ready
        return ready.ask(connection, account, now) if ask else ready.known(connection, account)

    def _restore_lost(self, standings: list[Standing]) -> None:
        """Whoever submitted them died between ledger and Redis, or Redis has lost them since."""
        closing_queue = set(self._means.closing_queue.all()) if any(standing.open for standing in standings) else set()
        for standing in standings:
            if standing.open and standing.batch and standing.batch not in closing_queue:
                batch = self._means.ledger.batch(standing.batch)
                # Closed since its standing was read: then it left the queue because of that.
                if self._means.ledger.closing(batch.id) is None:
                    log.warning("brought back into Redis", extra={"event": "restored", "batch": batch.id})
                    self._means.restore(batch)

    def _submit(self, name: str, window: Window) -> str:
        expansion = expand_window(self._means.config, name, window, wanted=self._means.wanted)
        self._means.batches.submit(expansion.new_batch())
        log.info("submitted", extra={"event": "submitted", "batch": expansion.terms.id})
        return expansion.terms.id

    def _late(self, written: WrittenSpec, name: str, schedule: Schedule, standing: Standing, now: datetime) -> None:
        if not self._means.marks.add(name, "late", window_name(standing.window), now):
            return  # another beat tells
        shown = label(standing.window, schedule.calendar.zone)
        subject = f"extract {name}: window {shown} is late"
        log.warning(subject, extra={"event": "window_late"})
        notify = notify_of(written, written.spec.extracts[name])
        if notify and "late" in notify.on:
            lines = (f"forebay watch {standing.batch}",) if standing.batch else ("it has no batch yet",)
            self._means.tell(notify, Message(subject=subject, lines=lines, facts={"extract": name, "window": shown}))


def asked_for_data(config: Config, name: str) -> tuple[Connection, str | None]:
    """Who is asked whether an extract's data are there: its first account stands for all. Raises `ConfigError`."""
    assert config.written  # noqa: S101 - it has the extract
    definition = config.written.spec.extracts[name]
    connection = config.connection(definition.connection)
    if definition.accounts is None or (definition.fan_out == "organization" and not connection.key_per_account):
        return connection, None
    return connection, resolve_accounts(config.written, definition.accounts)[0]
