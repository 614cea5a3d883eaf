"""Gives each worker process its pump: a bootstep of the worker that owns a thread.

Of the worker and not of the consumer, so that it outlives a lost broker; a thread and not a timer of the hub,
since a timer's slow or failing callback would stop consuming (docs/architecture.md, "Celery on Redis").
"""

import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any

from celery import bootsteps
from celery.exceptions import ImproperlyConfigured

from forebay.governor.contract import Claimed, Claims
from forebay.governor.heartbeats import Heartbeats
from forebay.governor.states import Step
from forebay.governor.view import View
from forebay.worker.pump import LONGEST_SLEEP_MS, RESEND_MS, Ports, Pump
from forebay.worker.runtime import Runtime
from forebay.worker.steps.retry_rules import SURELY_OVER_MS

log = logging.getLogger(__name__)

#: Runs that may wait in a step's queue. Enough to keep every thread busy; few enough that a stalled worker finds
#: no stale crowd when it wakes, and that runs spent their request budget shortly before they use it.
QUEUE_ROOM = {Step.SUBMIT: 32, Step.POLL: 32, Step.DOWNLOAD: 16}

#: How long a look at a queue is good for. What this pump publishes meanwhile is counted; what others do can at worst
#: double the crowd, which is small.
ROOM_FOR_S = 0.25

#: How often a lane's slots are counted again. A drift means a bug, or a Redis that lost its last second.
AUDIT_EVERY_MS = 30_000

#: How long the pump's word that it lives is good for.
ALIVE_S = 15


class PumpStep(bootsteps.StartStopStep):
    """Starts the pump once the pool can take work, and stops it before the pool goes."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._pump: Pump | None = None

    def start(self, parent: Any) -> None:
        if "prefork" in parent.pool_cls.__module__:
            raise ImproperlyConfigured("Forebay's workers run their steps in threads: leave -P out, or use -P threads")
        from forebay.worker.app import runtime  # the app imports this module

        rt = runtime()
        self._pump = Pump(_ports(rt, parent.app))
        rt.wake = self._pump.wake
        self._pump.start()

    def stop(self, parent: Any) -> None:  # noqa: ARG002  # Celery's signature
        if self._pump:
            self._pump.stop()

    def terminate(self, parent: Any) -> None:
        self.stop(parent)


def _ports(rt: Runtime, app: Any) -> Ports:
    queues = Queues(app, rt.monotonic_s)
    view = View(rt.redis)
    return Ports(
        lanes=view.lanes,
        claim=lambda lane, room: _claim(rt, lane, room),
        room=queues.room,
        publish=queues.publish,
        audit=lambda lane: _audit(rt, lane),
        beat=lambda: _beat(rt),
    )


def _audit(rt: Runtime, lane: str) -> None:
    found = rt.governor(lane).audit(every_ms=AUDIT_EVERY_MS, surely_over_ms=SURELY_OVER_MS)
    if found and any(found):
        log.warning("audit: %s", found, extra={"event": "audit", "lane": lane})


def _beat(rt: Runtime) -> None:
    Heartbeats(rt.redis).beat(socket.gethostname(), ALIVE_S)


def _claim(rt: Runtime, lane: str, room: dict[Step, int]) -> Claims:
    return rt.governor(lane).claim(
        submits=room[Step.SUBMIT],
        downloads=room[Step.DOWNLOAD],
        polls=room[Step.POLL],
        resend_ms=RESEND_MS,
        longest_ms=LONGEST_SLEEP_MS,
    )


class Queues:
    """The pump's own line to the broker. Used by one thread."""

    def __init__(self, app: Any, monotonic_s: Callable[[], float]) -> None:
        self._app = app
        self._connection = app.connection_for_write()
        self._monotonic_s = monotonic_s
        self._room: dict[Step, int] = {}
        self._looked_s = 0.0

    def room(self, step: Step) -> int:
        """How many more runs the step's queue may take."""
        now_s = self._monotonic_s()
        if now_s - self._looked_s > ROOM_FOR_S:
            self._room = {each: self._look(each) for each in Step}
            self._looked_s = now_s
        return self._room[step]

    def _look(self, step: Step) -> int:
        # Not passive: an empty queue does not exist on Redis, and a declared one is bound before it is published to.
        declared: Any = self._app.amqp.queues[step.value](self._channel()).queue_declare()
        return max(0, QUEUE_ROOM[step] - int(declared.message_count))

    def publish(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        """One message a run: each makes one request, and any idle thread may take it."""
        task = self._app.tasks[f"forebay.{step}"]
        self._room[step] -= len(runs)
        with self._app.amqp.Producer(self._channel()) as producer:
            for run in runs:
                task.apply_async(args=(lane, [run]), producer=producer)

    def _channel(self) -> Any:
        self._connection.ensure_connection(max_retries=1)
        return self._connection.default_channel
