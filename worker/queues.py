"""Puts runs into the steps' queues, and tells how many more those may take. The pump's own line to the broker."""

from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery

from forebay.governor.contract import Claimed
from forebay.governor.states import Step
from forebay.worker.hints import FORMAT, FORMAT_HEADER
from forebay.worker.task_names import SWEEP_TASK, task_name

#: Runs that may wait in a step's queue. Enough to keep every thread busy; few enough that a stalled worker finds
#: no stale crowd when it wakes, and that runs spent their request budget shortly before they use it.
QUEUE_ROOM = {Step.SUBMIT: 32, Step.POLL: 32, Step.DOWNLOAD: 16}

#: How long a count of the queues is good for. What this pump publishes meanwhile is counted; what others do can at
#: worst double the crowd, which is small.
ROOM_FOR_S = 0.25


class Queues:
    """The queues of the broker. Used by one thread."""

    def __init__(self, app: Celery, monotonic_s: Callable[[], float]) -> None:
        self._app: Any = app
        self._connection: Any = app.connection_for_write()
        self._monotonic_s = monotonic_s
        self._room: dict[Step, int] = {}
        self._counted_s = 0.0

    def room(self, step: Step) -> int:
        """Tells how many more runs the step's queue may take."""
        now_s = self._monotonic_s()
        if now_s - self._counted_s > ROOM_FOR_S:
            self._room = {each: self._count(each) for each in Step}
            self._counted_s = now_s
        return self._room[step]

    def _count(self, step: Step) -> int:
        # Not passive: an empty queue does not exist on Redis, and a declared one is bound before it is published to.
        declared = self._app.amqp.queues[step.value](self._channel()).queue_declare()
        return max(0, QUEUE_ROOM[step] - int(declared.message_count))

    def publish(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        """Sends one message a run: each makes one request, and any idle thread may take it."""
        task = self._app.tasks[task_name(step)]
        self._room[step] -= len(runs)
        with self._app.amqp.Producer(self._channel()) as producer:
            for run in runs:
                task.apply_async(args=(lane, [run]), producer=producer, headers={FORMAT_HEADER: FORMAT})

    def publish_sweep(self, lane: str, fence: int) -> None:
        """Sends the message that makes a worker ask for the events of a lane."""
        with self._app.amqp.Producer(self._channel()) as producer:
            self._app.tasks[SWEEP_TASK].apply_async(
                args=(lane, [("", fence)]), producer=producer, headers={FORMAT_HEADER: FORMAT}
            )

    def _channel(self) -> Any:
        self._connection.ensure_connection(max_retries=1)
        return self._connection.default_channel
