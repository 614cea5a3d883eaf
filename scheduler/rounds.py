"""One look of beat at one extract: how its windows stand, what `scheduler/extracts.py` decides, and doing it.

Any number of beats look at once: a batch's id names its window, so the ledger creates it once, and marks are created
once too.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import redis

from config.connections import Config
from config.errors import ConfigError
from config.spec.load import WrittenSpec
from governor.errors import GovernorError
from scheduler.batches import Batches
from scheduler.errors import NotOpened, SchedulerError
from scheduler.expand import calendar_of, expand_window
from scheduler.extracts import SOON, Decision, Standing, decide
from scheduler.notify import Message, Tell
from scheduler.policies import notify_of
from scheduler.schedules import Schedule
from scheduler.windows import Window, label, parse_batch_id, window_name
from store.errors import NotFound, StoreError
from store.ledger import Ledger
from store.marks import Marks

log = logging.getLogger(__name__)

#: Newest batches that may still run although their windows are watched no more, as with `catch_up: none`.
MOST_BUSY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look came to."""

    submitted: tuple[str, ...] = ()
    wants_data: datetime | None = None
    look_again: datetime
    said: str | None = None
    """Why not all was done; it is tried again."""


class Rounds:
    """Looks at the extracts of one configuration."""

    def __init__(self, config: Config, ledger: Ledger, marks: Marks, batches: Batches, tell: Tell) -> None:
        self._config, self._ledger, self._marks, self._batches, self._tell = config, ledger, marks, batches, tell
        self._not_opened: dict[str, Window] = {}

    def look(self, name: str, now: datetime, loaded: datetime | None = None) -> Look:
        """`loaded`: up to where Sigma has data, as far as known. What fails is said, and stops no other extract."""
        submitted: list[str] = []
        try:
            decision = self._act(name, now, loaded, submitted.append)
        except (ConfigError, SchedulerError, StoreError, GovernorError, redis.RedisError) as error:
            log.warning("extract %s: %s; it is tried again", name, error, extra={"event": "look_failed"})
            return Look(submitted=tuple(submitted), look_again=now + SOON, said=str(error))
        return Look(submitted=tuple(submitted), wants_data=decision.wants_data, look_again=decision.look_again)

    def _act(self, name: str, now: datetime, loaded: datetime | None, done: Callable[[str], None]) -> Decision:
        written = self._config.written
        if written is None or name not in written.spec.extracts:
            raise ConfigError(f"the spec has no extract '{name}'")
        calendar_of(written, name)  # says what is wrong with its windows, by the line of the spec
        schedule = Schedule.of(written.spec.extracts[name])
        known_since = self._marks.first_seen(name, now)
        standings, busy_since = self._standings(name, schedule, now, loaded)
        decision = decide(schedule, now, standings, loaded=loaded, busy_since=busy_since, known_since=known_since)
        # Late windows first: a budget that is spent must not keep people from hearing of them.
        for standing in decision.late:
            self._late(written, name, schedule, standing, now)
        for window in decision.skip:
            self._marks.add(name, "skipped", window_name(window), now)
        again = [window for batch, window in self._not_opened.items() if batch.startswith(f"{name}.")]
        for window in (*again, *decision.submit):
            done(self._submit(name, window))
        return decision

    def _submit(self, name: str, window: Window) -> str:
        expansion = expand_window(self._config, name, window)
        try:
            expansion.submit(self._batches)
        except NotOpened:
            self._not_opened[expansion.batch_id] = window
            raise
        self._not_opened.pop(expansion.batch_id, None)
        return expansion.batch_id

    def _standings(
        self, name: str, schedule: Schedule, now: datetime, loaded: datetime | None
    ) -> tuple[list[Standing], datetime | None]:
        """Those of the windows that are watched, and since when any window runs."""
        last: dict[Window, tuple[int, str]] = {}
        for batch_id in self._ledger.ids_like(f"{name}."):
            parsed = parse_batch_id(batch_id)
            if parsed and parsed[0] == name:
                last[parsed[1]] = max(last.get(parsed[1], (-1, "")), (parsed[2], batch_id))
        skipped, late = set(self._marks.all(name, "skipped")), set(self._marks.all(name, "late"))

        def standing(window: Window) -> Standing:
            key = window_name(window)
            bare = Standing(window=window, skipped=key in skipped, told_late=key in late)
            with suppress(NotFound):  # a batch that is being written, or never was whole
                if window in last:
                    batch = self._ledger.batch(last[window][1])
                    closing = self._ledger.closing(batch.id)
                    return replace(
                        bare,
                        batch=batch.id,
                        since=batch.created_at,
                        backfill=batch.flow_class == "backfill",
                        outcome=closing.outcome if closing else None,
                        closed_at=closing.at if closing else None,
                    )
            return bare

        watched = {window: standing(window) for window in schedule.watched(now, loaded)}
        newest = sorted(last, reverse=True)[:MOST_BUSY]
        others = [standing(window) for window in newest if window not in watched]
        return [*watched.values()], min(_busy([*watched.values(), *others]), default=None)

    def _late(self, written: WrittenSpec, name: str, schedule: Schedule, standing: Standing, now: datetime) -> None:
        if not self._marks.add(name, "late", window_name(standing.window), now):
            return  # another beat tells
        shown = label(standing.window, schedule.calendar.zone)
        subject = f"extract {name}: window {shown} is late"
        log.warning(subject, extra={"event": "window_late"})
        notify = notify_of(written, written.spec.extracts[name])
        if notify and "late" in notify.on:
            lines = (f"forebay watch {standing.batch}",) if standing.batch else ("it has no batch yet",)
            self._tell(notify, Message(subject=subject, lines=lines, facts={"extract": name, "window": shown}))


def _busy(standings: list[Standing]) -> Iterator[datetime]:
    for standing in standings:
        if standing.open and not standing.backfill and standing.since:
            yield standing.since
