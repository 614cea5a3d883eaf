"""Looks after batches as wholes, round after round: a thread in each worker process (`worker/bootsteps.py`).

Whose turn it is stands in the closing queue; a lock a batch keeps two processes from doing the same at once, and costs
nothing but time when its holder dies.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from forebay.config.errors import ConfigError
from forebay.governor.deployment.closing_lock import ClosingLock
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.errors import GovernorError
from forebay.governor.view import View
from forebay.landing.errors import LandingError
from forebay.scheduler.closing.advance import LONGEST_S, advance
from forebay.scheduler.closing.services import ClosingServices, LockLost
from forebay.scheduler.errors import SchedulerError
from forebay.store.errors import NotFound, StoreError

log = logging.getLogger(__name__)

#: So long a batch waits when its closer died. Renewed while one works.
LOCK_S = 60.0
RENEW_EVERY_S = 10.0
#: Between rounds. A batch that is due waits at most so long.
ROUND_S = 0.5
_MOST_A_ROUND = 16
#: What may be otherwise in the next round, and is no bug of ours: a store or Redis that does not answer, a manifest
#: that cannot be read, a connection that our spec does not have.
_LATER = (StoreError, LandingError, GovernorError, ConfigError, SchedulerError, LockLost)


class Closer:
    """Looks after the batches of one deployment as wholes. One thread uses it."""

    def __init__(
        self,
        services: ClosingServices,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        stopping: threading.Event | None = None,
    ) -> None:
        self._services = services
        self._monotonic_s = monotonic_s
        self._stopping = stopping or threading.Event()
        self._closing_queue = ClosingQueue(services.redis)

    def run(self) -> None:
        """Makes rounds until it is told to stop."""
        view = View(self._services.redis)
        while not self._stopping.wait(ROUND_S * random.uniform(0.8, 1)):
            try:
                self.round(view.now_ms())
            except Exception:  # Redis most likely: the next round tries again
                log.exception("a round of closing failed", extra={"event": "closer_failed"})

    def round(self, now_ms: int) -> int:
        """Comes to each batch that is due; returns how many those were. One that breaks does not stop the others."""
        due = self._closing_queue.due(now_ms, _MOST_A_ROUND)
        for batch_id in due:
            if self._stopping.is_set():
                break
            try:
                self._visit(batch_id, now_ms)
            except _LATER as error:
                log.warning("closing put off: %s", error, extra={"event": "closing_put_off", "batch": batch_id})
                if not isinstance(error, LockLost | GovernorError):
                    self._closing_queue.put_off(batch_id, str(error))
            except Exception as error:
                log.exception("closing failed, which is a bug", extra={"event": "bug", "batch": batch_id})
                self._closing_queue.put_off(batch_id, f"a fault of Forebay, {type(error).__name__}: see a worker's log")
        return len(due)

    def _visit(self, batch_id: str, now_ms: int) -> None:
        lock = ClosingLock(self._services.redis, batch_id, good_for_s=LOCK_S)
        if not lock.take():
            self._closing_queue.postpone(batch_id, now_ms + int(1000 * RENEW_EVERY_S))
            return
        try:
            # Before the work, so that one that always fails is not always the first of the round.
            claimed_ms = now_ms + int(1000 * LONGEST_S)
            self._closing_queue.postpone(batch_id, claimed_ms)
            self._advance(batch_id, now_ms, claimed_ms, lock)
        finally:
            if not lock.release():
                log.warning("a lock ran out", extra={"event": "lock_lost", "batch": batch_id})

    def _advance(self, batch_id: str, now_ms: int, claimed_ms: int, lock: ClosingLock) -> None:
        try:
            batch = self._services.ledger.batch(batch_id)
        except NotFound:
            log.warning("no such batch in this ledger", extra={"event": "closing_put_off", "batch": batch_id})
            self._closing_queue.gets_on(batch_id)
            self._closing_queue.remove(batch_id, claimed_ms)
            return
        keep = _Keeper(lock, self._monotonic_s, self._stopping)
        next_s = advance(replace(self._services, keep=keep), batch)
        self._closing_queue.gets_on(batch_id)
        if next_s is None:
            self._closing_queue.remove(batch_id, claimed_ms)
        else:
            self._closing_queue.postpone(batch_id, now_ms + int(1000 * next_s))


class _Keeper:
    """Renews a lock, but not each time that it is asked."""

    def __init__(self, lock: ClosingLock, monotonic_s: Callable[[], float], stopping: threading.Event) -> None:
        self._lock = lock
        self._monotonic_s = monotonic_s
        self._stopping = stopping
        self._renewed_s = monotonic_s()

    def __call__(self) -> None:
        if self._stopping.is_set():
            raise LockLost("this process has to stop")
        now_s = self._monotonic_s()
        if now_s - self._renewed_s < RENEW_EVERY_S:
            return
        if not self._lock.renew():
            raise LockLost("its lock ran out")
        self._renewed_s = now_s
