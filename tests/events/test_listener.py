"""Messages of a real queue are heard and then deleted; nothing in one, and no outage, stops the rest or loses any."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from forebay.events import listener as module
from forebay.events import sqs
from forebay.events.errors import QueueAway, QueueError, QueueRefused
from forebay.events.listener import GIVE_UP_S, Listener
from forebay.events.message_queue import QueueMessage
from forebay.events.sqs import QueueAddress, SqsQueue
from forebay.events.stripe_event import StripeEvent
from forebay.governor.errors import RedisUnavailable
from tests.events.queues import aws, left, named_queue
from tests.events.test_envelopes import EVENT, cloud_event, event_bridge, sns
from tests.servers.processes import wait_until


@dataclass
class Deployment:
    """Stands where the governor does: it keeps what it is told, and can be away or broken."""

    heard: list[str] = field(default_factory=list)
    tries: int = 0
    away: bool = False
    broken: bool = False

    def hear(self, events: Sequence[StripeEvent]) -> None:
        self.tries += 1
        self.check()
        if self.broken:
            raise ZeroDivisionError
        self.heard += [event.id for event in events]

    def check(self) -> None:
        if self.away:
            raise RedisUnavailable("Redis is away")


@dataclass
class Scene:
    client: Any
    url: str
    deployment: Deployment
    listener: Listener

    def send(self, *bodies: object) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.client.send_message(QueueUrl=self.url, MessageBody=text)

    def left(self) -> int:
        """The messages that are not deleted."""
        return left(self.client, self.url)


@pytest.fixture
def scene(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    aws(monkeypatch, s3_endpoint)
    monkeypatch.setattr(sqs, "WAIT_S", 0)
    monkeypatch.setattr(module, "_CHECK_S", 0.01)
    with named_queue("events-to-hear", VisibilityTimeout="1") as (client, url):
        deployment = Deployment()
        queue = SqsQueue(QueueAddress.parse("sqs://events-to-hear"))
        with listening(queue, deployment) as listener:
            yield Scene(client, url, deployment, listener)
        queue.close()


@contextmanager
def listening(queue: Any, deployment: Deployment) -> Iterator[Listener]:
    stopping = threading.Event()
    listener = Listener(queue, deployment.hear, deployment.check, stopping=stopping, monotonic_s=lambda: 0.0)
    thread = threading.Thread(target=listener.run, name="listener", daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        stopping.set()
        thread.join(30)
        assert not thread.is_alive()


def named(number: int) -> dict[str, Any]:
    return {**EVENT, "id": f"evt_{number}"}


def test_each_envelope_is_heard_and_its_message_deleted(scene: Scene) -> None:
    scene.send(named(0), event_bridge(named(1)), sns(event_bridge(named(2))), [cloud_event(named(3)), named(4)])

    wait_until(lambda: sorted(scene.deployment.heard) == [f"evt_{number}" for number in range(5)], "all to be heard")
    wait_until(lambda: scene.left() == 0, "all to be deleted")


def test_an_event_of_a_type_that_nobody_knows_is_acknowledged(scene: Scene) -> None:
    scene.send({"id": "evt_new", "type": "v9.nobody.knows.this"})

    wait_until(lambda: scene.deployment.heard == ["evt_new"], "it to be heard")
    wait_until(lambda: scene.left() == 0, "it to be deleted")
    assert not scene.listener.refusals.total


def test_poison_is_deleted_counted_and_told_and_stops_nobody(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.send("poison", "[" * 50_000, event_bridge("?"), {"Type": "SubscriptionConfirmation", "SubscribeURL": "?"})
    scene.send(*["more poison"] * 8, named(1))

    wait_until(lambda: scene.deployment.heard == ["evt_1"], "what is behind it to be heard")
    wait_until(lambda: scene.left() == 0, "all to be deleted")
    assert scene.listener.refusals.total == {("events-to-hear", "not_an_event"): 12}
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 2
    assert "poison" not in caplog.text, "nothing of a message is in the log"


def test_while_redis_is_away_messages_stay_and_are_tried_once(scene: Scene) -> None:
    scene.deployment.away = True
    scene.send("poison", *map(named, range(15)))
    wait_until(lambda: scene.deployment.tries == 1, "somebody to try")
    wait_until(lambda: scene.listener._redis_away, "it to be known")

    scene.send(*map(named, range(15, 20)))
    assert scene.deployment.tries == 1
    scene.deployment.away = False

    wait_until(lambda: {*scene.deployment.heard} == {f"evt_{number}" for number in range(20)}, "all to be heard")
    wait_until(lambda: scene.left() == 0, "all to be deleted")


def test_what_nobody_can_hear_for_a_fault_of_ours_stops_nobody(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.deployment.broken = True
    scene.send(named(1))
    wait_until(lambda: scene.left() == 0, "it to be deleted")
    scene.deployment.broken = False
    scene.send(named(2))

    wait_until(lambda: scene.deployment.heard == ["evt_2"], "the next one to be heard")
    assert "1 events could not be heard" in caplog.text and "ZeroDivisionError" in caplog.text


class Failing:
    """A queue whose calls go as its script says: an error, or messages."""

    name = "a"

    def __init__(self, *script: QueueError | list[QueueMessage], stopping: threading.Event) -> None:
        self._script = list(script)
        self._stopping = stopping
        self.deleted: list[str] = []

    def receive(self) -> list[QueueMessage]:
        if not self._script:
            self._stopping.set()
            return []
        step = self._script.pop(0)
        if isinstance(step, QueueError):
            raise step
        return step

    def delete(self, messages: Sequence[QueueMessage]) -> None:
        self.deleted += [message.id for message in messages]


def ran(*script: QueueError | list[QueueMessage], step_s: float = 1.0) -> tuple[Deployment, Failing]:
    """Runs it to the end of the script; each look at the clock finds so much more time gone."""
    stopping, clock = _Hurried(), [0.0]

    def monotonic_s() -> float:
        clock[0] += step_s
        return clock[0]

    deployment, queue = Deployment(), Failing(*script, stopping=stopping)
    Listener(queue, deployment.hear, deployment.check, stopping=stopping, monotonic_s=monotonic_s).run()
    return deployment, queue


class _Hurried(threading.Event):
    """Waits for nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


MESSAGE = QueueMessage(id="m1", receipt="r1", body=json.dumps(EVENT))


@pytest.mark.parametrize("error", [QueueAway("a: 503"), QueueRefused("a: AccessDenied")])
def test_a_queue_that_answered_once_is_asked_again_and_the_cause_told_once(
    error: QueueError, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        deployment, queue = ran([MESSAGE], error, error, error, [MESSAGE])

    assert deployment.heard == ["evt_test_1"] * 2
    assert queue.deleted == ["m1"] * 2
    assert [record.message for record in caplog.records] == [f"trying again: {error}", "queue a answers again"]


def test_a_queue_that_is_refused_from_the_start_ends_it_at_once() -> None:
    with pytest.raises(QueueRefused, match="no queue"):
        ran(QueueRefused("there is no queue a"))


def test_a_queue_that_is_away_for_long_ends_it() -> None:
    with pytest.raises(QueueAway, match="503"):
        ran([MESSAGE], *[QueueAway("a: 503")] * 100, step_s=GIVE_UP_S / 50)
