"""EventBridge's way through real processes: the sandbox's events, in its envelope, through a queue to `forebay listen`.

Nobody can send an event to EventBridge again, so what is lost on the way is found by the sweep of Stripe's list.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.governor.keys import LaneKeys
from forebay.governor.view import View
from tests.events.queues import aws, aws_environment, left, named_queue
from tests.servers.http_server import Handler, served
from tests.servers.processes import wait_until, workers
from tests.servers.receivers import receiver
from tests.system.deployment import Deployment, queries, unhurried
from tests.system.test_main_job import assert_each_query_ran_once

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

CAP, QUERIES = 20, 60
KEYS = LaneKeys("default:test")
#: Half of them, and what EventBridge would never carry.
LOST = [{"name": "webhook_lost", "probability": 0.5}, {"name": "webhook_nonsense", "probability": 0.2}]


@contextmanager
def bridge(client: Any, queue_url: str) -> Iterator[str]:
    """Stands for EventBridge's rule: what is posted to it goes into the queue as it is."""

    class Rule(Handler):
        def do_POST(self) -> None:
            client.send_message(QueueUrl=queue_url, MessageBody=self.sent().decode())
            self.answer()

    with served(Rule) as url:
        yield url


@pytest.fixture
def queue(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    aws(monkeypatch, s3_endpoint)
    with named_queue("of-events") as made:
        yield made


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path, queue: tuple[Any, str]) -> Iterator[Deployment]:
    with bridge(*queue) as url:
        options = ("--webhook", url, "--webhook-envelope", "event_bridge", "--faults", json.dumps(LOST))
        options += ("--cap", str(CAP), "--duration", "lognormal:1.0,0.4")
        yield from unhurried(*options, redis_url=valkey_url, folder=tmp_path, cap=CAP)


def test_what_the_queue_tells_is_heard_and_what_it_lost_is_found_out(
    deployment: Deployment, queue: tuple[Any, str], s3_endpoint: str
) -> None:
    own = {name: value for name, value in deployment.env.items() if name.startswith(("FOREBAY_", "STRIPE_"))}
    command = ("listen", "sqs://of-events")
    with (
        workers([deployment.logs / "w1.log"], deployment.env),
        receiver(deployment.logs, *command, ready="listening", **own, **aws_environment(s3_endpoint)) as listener,
    ):
        batch = deployment.submit(queries(QUERIES))
        progress = deployment.wait_until_done(batch, deadline_s=120)
        wait_until(lambda: deployment.counts()["webhooks"]["on_their_way"] == 0, "the last events")
        wait_until(lambda: left(*queue) == 0, "the queue to be empty")
        said = listener.said

    assert (progress.landed, progress.failed) == (QUERIES, 0)
    assert_each_query_ran_once(deployment, QUERIES)
    assert deployment.redis.zcard(KEYS.slots) == 0
    assert deployment.counts()["webhooks"]["lost"] > QUERIES // 4
    assert deployment.redis.hexists(KEYS.feed, "heard_webhooks"), "the queue brought something"
    assert "Traceback" not in said


def test_what_eventbridge_lost_the_sweep_heals_before_any_look(deployment: Deployment, queue: tuple[Any, str]) -> None:
    changed = {"duration": "fixed:2", "faults": [{"name": "webhook_lost", "probability": 1}]}
    httpx.post(f"{deployment.stripe_url}/sandbox/control", json=changed).raise_for_status()
    # By all that is known these take 100 s, so looks come after a minute; and the list is asked once some have ended.
    ln_s, ends = math.log(100), 50
    deployment.redis.hset(KEYS.durations(), mapping={"ends": ends, "sum": ends * ln_s, "squares": ends * ln_s**2})
    deployment.redis.hset(KEYS.feed, "sweep_at", View(deployment.redis).now_ms() + 4_000)

    with workers([deployment.logs / "w1.log"], deployment.env):
        progress = deployment.wait_until_done(deployment.submit(queries(CAP)))

    assert (progress.landed, progress.failed) == (CAP, 0)
    assert deployment.counts()["webhooks"]["lost"] >= CAP
    assert left(*queue) == 0
    feed = deployment.redis.hgetall(KEYS.feed)
    assert float(feed["lags_events"]) == CAP, "the list freed each slot"
