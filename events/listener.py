"""Hears what comes through a queue: receives, reads, has it heard, deletes; until it is told to stop.

Nobody signed what is in a queue, so its policy says who may write to it, and a message is believed no more than a
webhook: what it names may be worth a look. A message is deleted once it was heard, or is none that anybody could hear.
While Redis is away none is received, so that an outage costs no message its few deliveries before a dead-letter queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from forebay.events.envelopes import read_events
from forebay.events.errors import NotAnEvent, QueueError, QueueRefused
from forebay.events.message_queue import MessageQueue, QueueMessage
from forebay.events.refusals import Refusals
from forebay.events.stripe_event import StripeEvent
from forebay.governor.errors import GovernorError

log = logging.getLogger(__name__)

#: A queue that fails for so long is given up, so that whoever supervises the process knows.
GIVE_UP_S = 600.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
#: While Redis is away.
_CHECK_S = 1.0


class Listener:
    """One thread's work, `run`."""

    def __init__(
        self,
        queue: MessageQueue,
        hear: Callable[[Sequence[StripeEvent]], object],
        check: Callable[[], object],
        *,
        stopping: threading.Event,
        monotonic_s: Callable[[], float],
    ) -> None:
        """Takes what hears events, and what asks whether it could; both raise GovernorError."""
        self._queue = queue
        self._hear = hear
        self._check = check
        self._stopping = stopping
        self._monotonic_s = monotonic_s
        self.refusals = Refusals("messages", monotonic_s)
        self._redis_away = False
        self._was_well = False
        self._failing_since_s: float | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._told = ""

    def run(self) -> None:
        """Listens until `stopping` is set. Raises QueueError of a queue that never answered well, or long did not."""
        while not self._stopping.is_set():
            if self._redis_away and not self._redis_is_back():
                continue
            try:
                self._round()
            except QueueError as error:
                self._wait_after(error)
            else:
                self._get_well()
        self.refusals.tell()

    def _round(self) -> None:
        messages = self._queue.receive()
        self._was_well = True
        read = [(message, self._read(message)) for message in messages]
        # Before anything can fail: it would be received, and told, again and again.
        self._queue.delete([message for message, events in read if events is None])
        self._have_heard([event for _, events in read for event in events or ()])
        if not self._redis_away:
            self._queue.delete([message for message, events in read if events is not None])

    def _read(self, message: QueueMessage) -> tuple[StripeEvent, ...] | None:
        """Reads a message's events; None where it is no message of Stripe's, whatever else it may be."""
        try:
            return read_events(message.body)
        except NotAnEvent as error:
            if not self.refusals.total:
                log.warning("message %s is no event: %s", message.id, error, extra={"event": "not_an_event"})
            self.refusals.add(self._queue.name, "not_an_event")
            return None

    def _have_heard(self, events: Sequence[StripeEvent]) -> None:
        if not events:
            return
        try:
            self._hear(events)
        except GovernorError as error:
            self._redis_away = True
            log.warning("no message is received until Redis is back: %s", error, extra={"event": "redis_away"})
        except Exception:
            # A fault of ours would come again with the same message until the queue gives it up.
            log.exception(
                "%d events could not be heard and are dropped", len(events), extra={"event": "events_dropped"}
            )

    def _redis_is_back(self) -> bool:
        try:
            self._check()
        except GovernorError:
            self._stopping.wait(_CHECK_S)
            return False
        self._redis_away = False
        log.info("messages are received again", extra={"event": "redis_back"})
        return True

    def _wait_after(self, error: QueueError) -> None:
        now_s = self._monotonic_s()
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        if (isinstance(error, QueueRefused) and not self._was_well) or now_s - self._failing_since_s >= GIVE_UP_S:
            raise error
        if str(error) != self._told:
            self._told = str(error)
            log.warning("trying again: %s", error, extra={"event": "queue_away"})
        self._stopping.wait(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _get_well(self) -> None:
        if self._failing_since_s is not None:
            log.info("queue %s answers again", self._queue.name, extra={"event": "queue_back"})
        self._failing_since_s, self._pause_s, self._told = None, _FIRST_PAUSE_S, ""
