"""The pump's line to the broker, which is a real one."""

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest
import redis

from forebay.governor.contract import Claimed
from forebay.governor.keys import BROKER_PREFIX
from forebay.governor.states import Step
from forebay.worker.celery_app import WorkerApp
from forebay.worker.hints import hint
from forebay.worker.queues import FULL_FOR_S, QUEUE_ROOM, ROOM_FOR_S, Queues
from forebay.worker.step_threads import RUNS_OF_A_MESSAGE
from tests.worker.conftest import LANE


class Scene:
    """Queues with a clock of their own, and who counts what they say to the server."""

    def __init__(self, app: WorkerApp, client: redis.Redis) -> None:
        self.now_s = 1.0
        self.client = client
        self.queues = Queues(app.broker_server, lambda: self.now_s)

    def runs_of(self, step: Step) -> list[list[tuple[str, int]]]:
        """The runs of each message that waits, the oldest first: each of them is one of ours."""
        texts = self.client.lrange(BROKER_PREFIX + step, 0, -1)[::-1]
        bodies = [json.loads(b64decode(hint(step, text.encode())["body"])) for text in texts]
        assert {body[0][0] for body in bodies} <= {LANE}
        return [[(run, fence) for run, fence in body[0][1]] for body in bodies]

    def commands(self) -> int:
        told = self.client.info("commandstats")
        return sum(stats["calls"] for name, stats in told.items() if "info" not in name)


@pytest.fixture
def scene(app: WorkerApp, valkey: redis.Redis) -> Iterator[Scene]:
    yield Scene(app, valkey)
    valkey.delete(*(BROKER_PREFIX + step for step in Step))


def some(count: int) -> list[Claimed]:
    return [Claimed(f"b1/{index}", 7 + index) for index in range(count)]


def test_some_runs_share_a_message_and_all_arrive_in_their_order(scene: Scene) -> None:
    runs = some(2 * RUNS_OF_A_MESSAGE + 1)

    scene.queues.publish(Step.POLL, LANE, runs)

    messages = scene.runs_of(Step.POLL)
    assert [len(message) for message in messages] == [RUNS_OF_A_MESSAGE, RUNS_OF_A_MESSAGE, 1]
    assert [run for message in messages for run in message] == [(run.run, run.fence) for run in runs]


def test_each_download_is_a_message_of_its_own(scene: Scene) -> None:
    scene.queues.publish(Step.DOWNLOAD, LANE, some(3))

    assert [len(message) for message in scene.runs_of(Step.DOWNLOAD)] == [1, 1, 1]


def test_a_sweep_goes_to_those_who_look(scene: Scene) -> None:
    scene.queues.publish_sweep(LANE, 5)

    assert scene.runs_of(Step.POLL) == [[("", 5)]]


def test_a_queue_has_less_room_by_what_was_put_into_it(scene: Scene) -> None:
    scene.queues.publish(Step.DOWNLOAD, LANE, some(2))

    assert scene.queues.room(Step.DOWNLOAD) == QUEUE_ROOM[Step.DOWNLOAD] - 2
    assert scene.queues.room(Step.POLL) == QUEUE_ROOM[Step.POLL]


def test_what_others_put_in_and_take_out_is_known_after_a_while(scene: Scene) -> None:
    scene.queues.publish(Step.DOWNLOAD, LANE, some(2))
    scene.client.rpop(BROKER_PREFIX + Step.DOWNLOAD, 2)
    scene.client.lpush(BROKER_PREFIX + Step.DOWNLOAD, "theirs")

    scene.now_s += 2 * ROOM_FOR_S

    assert scene.queues.room(Step.DOWNLOAD) == QUEUE_ROOM[Step.DOWNLOAD] - 1


def test_a_full_queue_is_counted_again_sooner(scene: Scene) -> None:
    scene.queues.publish(Step.DOWNLOAD, LANE, some(QUEUE_ROOM[Step.DOWNLOAD]))
    assert scene.queues.room(Step.DOWNLOAD) == 0
    scene.client.delete(BROKER_PREFIX + Step.DOWNLOAD)

    scene.now_s += 2 * FULL_FOR_S

    assert scene.queues.room(Step.DOWNLOAD) == QUEUE_ROOM[Step.DOWNLOAD]


def test_what_goes_into_a_queue_together_is_one_command_and_an_empty_queue_is_not_counted(scene: Scene) -> None:
    scene.queues.publish(Step.POLL, LANE, some(1))  # connects
    scene.client.delete(BROKER_PREFIX + Step.POLL)
    scene.now_s += 1
    scene.queues.room(Step.POLL)
    before = scene.commands()

    scene.now_s += 1
    room = [scene.queues.room(step) for step in Step]
    scene.queues.publish(Step.SUBMIT, LANE, some(10))

    assert scene.commands() - before == 1
    assert room == [QUEUE_ROOM[step] for step in Step]
