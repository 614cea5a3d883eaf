"""`forebay listen` as a process: from EventBridge's message to a run that is due, and to its end in order."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Forebay
from tests.events.queues import aws, aws_environment, left, named_queue
from tests.events.test_envelopes import EVENT, event_bridge
from tests.governor.driver import Lane
from tests.servers.processes import wait_until
from tests.servers.receivers import is_due, receiver, running
from tests.servers.valkey import RestartedValkey

pytestmark = [pytest.mark.system]


@pytest.fixture(autouse=True)
def account(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    aws(monkeypatch, s3_endpoint)


def settings(redis_url: str, endpoint: str) -> dict[str, str]:
    return {"FOREBAY_REDIS_URL": redis_url, "FOREBAY_MODE": "test", **aws_environment(endpoint)}


def test_a_message_makes_its_run_due_and_a_signal_ends_it_in_order(
    valkey: Any, valkey_url: str, s3_endpoint: str, tmp_path: Path
) -> None:
    lane = Lane(valkey, "default:test")
    run = running(lane, "qryrun_1")
    with named_queue("stripe-to-forebay") as (client, url):
        ready = "listening to queue stripe-to-forebay for connection default"
        command = ("listen", "sqs://stripe-to-forebay")
        with receiver(tmp_path, *command, ready=ready, **settings(valkey_url, s3_endpoint)) as listener:
            client.send_message(QueueUrl=url, MessageBody="poison")
            client.send_message(QueueUrl=url, MessageBody=json.dumps(event_bridge(EVENT)))
            wait_until(lambda: is_due(lane, run), "the run to be due")
            wait_until(lambda: left(client, url) == 0, "both messages to be deleted")

            assert listener.end(signal.SIGTERM) == 0
            assert "messages were refused: 1 × not_an_event (stripe-to-forebay)" in listener.said
            assert "Traceback" not in listener.said and "poison" not in listener.said


def test_a_message_that_came_while_redis_was_away_is_heard_afterwards(tmp_path: Path, s3_endpoint: str) -> None:
    (tmp_path / "valkey").mkdir()
    with (
        RestartedValkey(tmp_path / "valkey") as server,
        named_queue("outage", VisibilityTimeout="1") as (client, url),
        receiver(
            tmp_path, "listen", "sqs://outage", ready="listening", **settings(server.url, s3_endpoint)
        ) as listener,
    ):
        server.kill()
        client.send_message(QueueUrl=url, MessageBody=json.dumps(event_bridge(EVENT)))
        wait_until(lambda: "no message is received until Redis is back" in listener.said, "it to be told")
        assert left(client, url) == 1
        server.start()
        wait_until(lambda: left(client, url) == 0, "it to be heard")
        assert "messages are received again" in listener.said


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("sqs://nowhere", "queue: there is no queue nowhere in this account and region"),
        ("stripe-events", "queue: a queue is named sqs://NAME"),
    ],
)
def test_a_queue_that_is_not_there_is_one_sentence(
    forebay: Forebay, valkey_url: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, queue: str, said: str
) -> None:
    for name, value in settings(valkey_url, s3_endpoint).items():
        monkeypatch.setenv(name, value)

    answer = forebay("listen", queue)

    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.splitlines()[-1] == "  → docs/events.md says how a queue is named, found and read"
