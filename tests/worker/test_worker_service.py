"""A worker as a process: its broker dies and comes back, holds what is no message of ours, or fills up. It works on."""

import base64
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from celery import Celery

from forebay.governor.keys import BELL, BROKER_PREFIX
from forebay.governor.states import Step
from tests.servers.processes import stop, wait_until
from tests.servers.valkey import RestartedValkey
from tests.system.deployment import Deployment, configured, queries
from tests.worker.holding_stripe import HoldingStripe, holding_stripe

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

RESTARTS = 3
STEPS = 3
THREADS = 4


def _message(**changes: object) -> bytes:
    """One of ours, with something about it that is not."""
    ours = {
        "body": base64.b64encode(b'[["default:test", [["b1/0", 1]]], {}, {"callbacks": null}]').decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "forebay.submit", "id": "1", "forebay_format": 1},
        "properties": {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64"},
    }
    return json.dumps({**ours, **changes}).encode()


GARBAGE = [
    b"5",
    b"garbage",
    b"",
    b"\xff\x00\x80",
    b"null",
    b"[]",
    b"{}",
    b'"' + b"x" * 100_000 + b'"',
    b"[" * 50_000,
    _message(headers={"task": "forebay.submit", "id": "1", "forebay_format": 2}),
    _message(headers={"task": "forebay.audit", "id": "1", "forebay_format": 1}),
    _message(headers=None),
    _message(properties={}),
    _message(body="not base64"),
    _message(body=base64.b64encode(b"[[1, 2], {}, {}]").decode()),
    _message(body=base64.b64encode(b"[[], {}, {}]").decode()),
    _message(**{"content-type": "application/x-python-serialize"}),
]


@dataclass
class Scene:
    """A Valkey that can be killed, a Stripe that holds its answers, and what works with both."""

    server: RestartedValkey
    stripe: HoldingStripe
    deployment: Deployment


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with RestartedValkey(folder) as server, holding_stripe() as stripe:
        for deployment in configured(
            redis_url=server.url,
            stripe_url=stripe.url,
            folder=tmp_path,
            destination=str(tmp_path / "out"),
            ledger=str(tmp_path / "ledger"),
            FOREBAY_CREATES_PER_S="100",
            FOREBAY_RETRIEVES_PER_S="100",
            FOREBAY_REQUESTS_PER_S="200",
        ):
            yield Scene(server, stripe, deployment)


@contextlib.contextmanager
def worker(scene: Scene, name: str) -> Iterator["subprocess.Popen[str]"]:
    """`forebay worker`, as a process."""
    command = [
        sys.executable,
        "-c",
        "from forebay.cli.main import main; main()",
        "worker",
        "--concurrency",
        str(THREADS),
    ]
    with (scene.deployment.logs / f"{name}.log").open("a") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, text=True, env=scene.deployment.env
        )
    try:
        yield process
    finally:
        stop(process)


def said(scene: Scene, name: str) -> str:
    return (scene.deployment.logs / f"{name}.log").read_text()


def test_what_lies_in_a_queue_and_is_no_message_of_ours_ends_no_worker(scene: Scene) -> None:
    client, stripe = scene.deployment.redis, scene.stripe
    stripe.answering.set()
    with worker(scene, "a") as a:
        wait_until(lambda: "ready." in said(scene, "a"), "the worker to be ready")
        for step in Step:
            client.lpush(BROKER_PREFIX + step, *GARBAGE)
        Celery(broker=scene.server.url, broker_transport_options={"global_keyprefix": BROKER_PREFIX}).control.shutdown()
        batch = scene.deployment.submit(queries(2 * STEPS))

        wait_until(lambda: _at_stripe(scene, batch.id) == 2 * STEPS, "the steps to be done")
        wait_until(lambda: not any(client.exists(BROKER_PREFIX + step) for step in Step), "the queues to be empty")
        assert a.poll() is None, said(scene, "a")
        assert client.pubsub_channels() == [BELL], "nobody listens but for what is due"
        a.send_signal(signal.SIGTERM)
        assert a.wait(60) == 0
    assert said(scene, "a").count("dropped a message") == len(GARBAGE) * len(Step)
    assert "Traceback" not in said(scene, "a")


def test_a_worker_that_ends_by_itself_says_so_with_its_exit_code(scene: Scene) -> None:
    broken = """
import sys
from celery import bootsteps
from forebay.cli.become_worker import become_worker
from forebay.worker.app import app

class Broken(bootsteps.StartStopStep):
    def start(self, consumer):
        raise ZeroDivisionError("broken here")

app.steps["consumer"].add(Broken)
sys.exit(become_worker("submit", 1))
"""
    ended = subprocess.run([sys.executable, "-c", broken], env=scene.deployment.env, capture_output=True, text=True)

    assert ended.returncode == 10
    assert "broken here" in ended.stderr
    assert "this worker ended though nobody asked it to" in ended.stderr


def test_a_redis_that_restarts_under_steps_at_work_ends_no_worker(scene: Scene) -> None:
    with worker(scene, "a") as a, worker(scene, "b") as b:
        wait_until(lambda: all("ready." in said(scene, name) for name in "ab"), "the workers to be ready")
        for _ in range(RESTARTS):
            _restart_in_the_midst_of_creates(scene)
            assert (a.poll(), b.poll()) == (None, None), said(scene, "a") + said(scene, "b")
        for process in (a, b):
            process.send_signal(signal.SIGTERM)
        assert (a.wait(60), b.wait(60)) == (0, 0)


def test_a_process_whose_threads_are_all_busy_keeps_no_message_from_others(scene: Scene) -> None:
    client, queue = scene.deployment.redis, BROKER_PREFIX + Step.SUBMIT
    with worker(scene, "a"):
        scene.deployment.submit(queries(THREADS))
        wait_until(lambda: len(scene.stripe.begun) == THREADS, "each thread to be in the midst of a create")

        scene.deployment.submit(queries(2 * THREADS))

        wait_until(lambda: _runs_in(client, queue) == 2 * THREADS, "all that came later to lie in the queue")
        scene.stripe.answering.set()
        wait_until(lambda: len(scene.stripe.begun) == 3 * THREADS, "them to be taken when threads are free")


def test_what_a_process_has_no_thread_for_goes_back_into_the_queue(scene: Scene) -> None:
    client, queue = scene.deployment.redis, BROKER_PREFIX + Step.SUBMIT
    with worker(scene, "a"):
        scene.deployment.submit(queries(THREADS - 1))
        wait_until(lambda: len(scene.stripe.begun) == THREADS - 1, "all threads but one to be in the midst of a create")

        scene.deployment.submit(queries(THREADS))

        wait_until(lambda: len(scene.stripe.begun) == THREADS, "the last thread to take a run of the message")
        wait_until(lambda: _runs_in(client, queue) == THREADS - 1, "the other runs to lie in the queue")
        scene.stripe.answering.set()
        wait_until(lambda: len(scene.stripe.begun) == 2 * THREADS - 1, "them to be taken when threads are free")


def _runs_in(client: redis.Redis, queue: str) -> int:
    bodies = (json.loads(base64.b64decode(json.loads(text)["body"])) for text in client.lrange(queue, 0, -1))
    return sum(len(body[0][1]) for body in bodies)


def _restart_in_the_midst_of_creates(scene: Scene) -> None:
    scene.stripe.answering.clear()
    scene.stripe.begun.clear()
    batch = scene.deployment.submit(queries(2 * STEPS))
    wait_until(lambda: len(scene.stripe.begun) >= 2 * STEPS, "the creates to be under way")

    scene.server.kill()
    scene.server.start()
    # Asked of the server, which is a new one: a consumer whose threads are all busy when its line breaks says nothing.
    # One at least has a thread that is free.
    wait_until(lambda: _waits_for_messages(scene.deployment.redis), "a consumer's return")
    scene.stripe.answering.set()

    wait_until(lambda: _at_stripe(scene, batch.id) == 2 * STEPS, "the steps to be done")


def _waits_for_messages(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return any(each["name"] == "forebay-worker" and each["cmd"] == "brpop" for each in client.client_list())
    return False


def _at_stripe(scene: Scene, batch: str) -> int:
    with contextlib.suppress(redis.ConnectionError):
        run = f"fb:{{default:test}}:run:{batch}/"
        return sum(bool(scene.deployment.redis.hget(f"{run}{n}", "query_run")) for n in range(2 * STEPS))
    return 0
