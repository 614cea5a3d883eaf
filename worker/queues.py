"""Puts runs into the steps' queues, and tells how many more those may take. The pump's own line to the broker.

Messages are Celery's, written by hand: what Celery and kombu would do for each costs as much as a step's own work, and
a look into Redis where it goes. `hints.py` reads them.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence

from forebay.config.redis_server import RedisServer
from forebay.governor.contract import Claimed
from forebay.governor.keys import BROKER_PREFIX
from forebay.governor.redis_forms import broker_client
from forebay.governor.states import Step
from forebay.worker.hints import FORMAT, FORMAT_HEADER, HEALTH_CHECK_S
from forebay.worker.step_threads import RUNS_OF_A_MESSAGE
from forebay.worker.task_names import SWEEP_TASK, task_name

#: Messages that may wait in a step's queue. Enough to keep every thread busy; few enough that a stalled worker finds
#: no stale crowd when it wakes, and that runs spent their request budget shortly before they use it.
QUEUE_ROOM = {Step.SUBMIT: 32, Step.POLL: 32, Step.DOWNLOAD: 16}

#: Runs that share a message. A download may take long, so each goes to whoever is free for it.
_TOGETHER = {Step.SUBMIT: RUNS_OF_A_MESSAGE, Step.POLL: RUNS_OF_A_MESSAGE, Step.DOWNLOAD: 1}

#: How long a count of a queue is good for that had something in it; a full one is counted sooner. Whoever puts
#: something in is told the count: what others do meanwhile can at worst double the crowd, which is small.
ROOM_FOR_S, FULL_FOR_S = 0.25, 0.02


class Queues:
    """The queues of the broker. Used by one thread."""

    def __init__(self, server: RedisServer, monotonic_s: Callable[[], float]) -> None:
        """Contacts nobody yet."""
        self._redis = broker_client(server, health_check_interval=HEALTH_CHECK_S)
        self._monotonic_s = monotonic_s
        self._waiting = dict.fromkeys(Step, 0)
        self._counted_s = dict.fromkeys(Step, 0.0)

    def room(self, step: Step) -> int:
        """Tells how many more runs the step's queue may take."""
        waiting, age_s = self._waiting[step], self._monotonic_s() - self._counted_s[step]
        if waiting and age_s > (ROOM_FOR_S if waiting < QUEUE_ROOM[step] else FULL_FOR_S):
            self._note(step, self._redis.llen(BROKER_PREFIX + step))
        return max(0, QUEUE_ROOM[step] - self._waiting[step])

    def publish(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        """Sends runs, some in one message: each of them makes one request, in a thread of its own."""
        messages = [message(step, task_name(step), lane, part) for part in _parts(runs, _TOGETHER[step])]
        self._note(step, self._redis.lpush(BROKER_PREFIX + step, *messages))

    def publish_sweep(self, lane: str, fence: int) -> None:
        """Sends the message that makes a worker ask for the events of a lane."""
        swept = message(Step.POLL, SWEEP_TASK, lane, [Claimed("", fence)])
        self._note(Step.POLL, self._redis.lpush(BROKER_PREFIX + Step.POLL, swept))

    def _note(self, step: Step, waiting: int) -> None:
        self._waiting[step], self._counted_s[step] = waiting, self._monotonic_s()


def most_together(steps: Iterable[Step]) -> int:
    """Says how many runs a message of these steps carries at most."""
    return max(_TOGETHER[step] for step in steps)


def message(queue: str, task: str, lane: str, runs: Sequence[Claimed]) -> bytes:
    """Writes a message as Celery's protocol 2 has it, and as kombu puts it into a list of Redis."""
    number = secrets.token_hex(16)
    body = [
        [lane, [(each.run, each.fence) for each in runs]],
        {},
        {"callbacks": None, "errbacks": None, "chain": None, "chord": None},
    ]
    written = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {**_HEADERS, "task": task, "id": number, "root_id": number},
        "properties": {
            "delivery_tag": number,
            "delivery_mode": 2,
            "delivery_info": {"exchange": queue, "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
        },
    }
    return json.dumps(written).encode()


#: What Celery's own messages have, and ours do not make use of: older releases of ours read it.
_HEADERS: dict[str, object] = {
    FORMAT_HEADER: FORMAT,
    "lang": "py",
    "parent_id": None,
    "group": None,
    "eta": None,
    "expires": None,
    "retries": 0,
    "timelimit": [None, None],
    "argsrepr": "",
    "kwargsrepr": "",
    "origin": "forebay",
    "ignore_result": True,
}


def _parts(runs: Sequence[Claimed], most: int) -> Iterator[Sequence[Claimed]]:
    for start in range(0, len(runs), most):
        yield runs[start : start + most]
