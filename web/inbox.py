"""Keeps the events that were answered with 2xx until the governor has heard them, in a thread of its own.

A webhook is answered before any work is done, since Stripe waits for nobody. So what is taken waits here, in memory: a
process that is killed forgets it, which costs time and nothing else, for an event is a hint and looks go on. What
cannot be heard is not taken in the first place: while Redis is away, or too much waits, `put` refuses, and Stripe sends
it again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from forebay.events.stripe_event import StripeEvent
from forebay.governor.errors import GovernorError
from forebay.web.errors import NotTaken

log = logging.getLogger(__name__)

#: Of about 300 bytes each. A storm of all the runs that Stripe lets one account have is 500.
ROOM_EVENTS = 10_000
#: Heard at once, for each connection: it bounds what one script does, and what is heard twice after an error.
_MOST_AT_ONCE = 500
#: While nothing comes, Redis is asked this often whether it is there: the first webhook after it went is refused, too.
_CHECK_S = 5.0
#: While it is away.
_RETRY_S = 1.0
#: For what waits at the end; each call to Redis is bounded, too.
_STOP_S = 10.0

Hear = Callable[[str, Sequence[StripeEvent]], object]


class Inbox:
    """The events that wait to be heard. Thread safe."""

    def __init__(self, hear: Hear, check: Callable[[], object], *, room: int = ROOM_EVENTS) -> None:
        """Takes what hears the events of one connection, and what asks whether it could. Both raise GovernorError."""
        self._hear = hear
        self._check = check
        self._room = room
        self._waiting: deque[tuple[str, StripeEvent]] = deque()
        self._changed = threading.Condition()
        self._trouble = ""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def put(self, connection: str, events: Sequence[StripeEvent]) -> None:
        """Takes all of the events, or none of them. Raises NotTaken."""
        with self._changed:
            if self._trouble or not self.alive:
                raise NotTaken("redis" if self._trouble else "ended", "it cannot be heard now; send it again")
            if len(self._waiting) + len(events) > self._room:
                raise NotTaken("full", "too many wait to be heard; send it again")
            self._waiting.extend((connection, event) for event in events)
            self._changed.notify()

    @property
    def trouble(self) -> str:
        """Says why nothing is taken; empty while all is well."""
        with self._changed:
            full = "too many events wait" if len(self._waiting) >= self._room else ""
            return self._trouble or full

    @property
    def alive(self) -> bool:
        """Tells whether its thread is there."""
        return self._thread.is_alive()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hears what is put in while the block lasts, and then what still waits, for some seconds."""
        self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._stopping = True
                self._changed.notify()
            self._thread.join(_STOP_S)
            if self._waiting:
                log.warning(
                    "%d events were taken and are not heard; looks find out what they would have told",
                    len(self._waiting),
                    extra={"event": "events_unheard"},
                )

    def _run(self) -> None:
        while self._wait():
            try:
                self._step()
            except GovernorError as error:
                self._set_trouble(str(error) or type(error).__name__)
            else:
                self._set_trouble("")

    def _wait(self) -> bool:
        """Waits for something to do; says whether there is, or whether this is the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping or (self._waiting and not self._trouble), _RETRY_S if self._trouble else _CHECK_S
            )
            return not self._stopping or bool(self._waiting and not self._trouble)

    def _step(self) -> None:
        with self._changed:
            batch = list(islice(self._waiting, _MOST_AT_ONCE))
        if not batch:
            self._check()
            return
        try:
            for connection in dict.fromkeys(name for name, _ in batch):
                self._hear(connection, [event for name, event in batch if name == connection])
        except GovernorError:
            raise  # they stay, and are heard again: twice is no harm
        except Exception:
            # A fault of ours would come again for ever with the same events, and nothing would be heard any more.
            log.exception("%d events could not be heard and are dropped", len(batch), extra={"event": "events_dropped"})
        with self._changed:
            for _ in batch:
                self._waiting.popleft()

    def _set_trouble(self, trouble: str) -> None:
        with self._changed:
            before, self._trouble = self._trouble, trouble
        if trouble and not before:
            log.warning("webhooks are answered 503: %s", trouble, extra={"event": "webhooks_refused"})
        if before and not trouble:
            log.info("webhooks are taken again", extra={"event": "webhooks_taken"})
