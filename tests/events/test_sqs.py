"""A real queue, of a server not written here, is read: found by name and by URL, drained, and its errors told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from forebay.events import sqs
from forebay.events.errors import QueueAway, QueueRefused
from forebay.events.sqs import QueueAddress, SqsQueue
from tests.events.queues import aws, named_queue
from tests.servers.valkey import free_port


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs, "WAIT_S", 0)


@pytest.fixture(autouse=True)
def account(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    aws(monkeypatch, s3_endpoint)


@pytest.fixture
def queue() -> Iterator[SqsQueue]:
    with named_queue("stripe-events") as (client, url):
        del client, url
        one = SqsQueue(QueueAddress.parse("sqs://stripe-events"))
        yield one
        one.close()


def send(*bodies: str) -> None:
    client: Any = boto3.client("sqs")
    for body in bodies:
        client.send_message(QueueUrl=client.get_queue_url(QueueName="stripe-events")["QueueUrl"], MessageBody=body)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sqs://stripe-events", QueueAddress(name="stripe-events")),
        ("sqs://stripe.fifo", QueueAddress(name="stripe.fifo")),
        ("sqs://123456789012/stripe", QueueAddress(name="stripe", owner="123456789012")),
        (
            "https://sqs.eu-west-1.amazonaws.com/123456789012/stripe",
            QueueAddress(name="stripe", url="https://sqs.eu-west-1.amazonaws.com/123456789012/stripe"),
        ),
        ("http://127.0.0.1:4566/000000000000/a", QueueAddress(name="a", url="http://127.0.0.1:4566/000000000000/a")),
    ],
)
def test_a_queue_is_named_or_has_a_url(text: str, address: QueueAddress) -> None:
    assert QueueAddress.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "stripe-events", "sqs://", "sqs:///a", "sqs://a b", "sqs://a/b", "sqs://123456789012/a/b", "sqs://" + "a" * 81,
        "http://sqs.eu-west-1.amazonaws.com/123456789012/stripe", "https://sqs.eu-west-1.amazonaws.com/stripe",
        "sqs://a?wait=1", "https://key:secret@sqs.eu-west-1.amazonaws.com/123456789012/stripe", "sqs://a.fifo.b",
        "s3://bucket/prefix", "https://[",
    ],
)  # fmt: skip
def test_what_names_no_queue_is_refused_with_what_would(text: str) -> None:
    with pytest.raises(QueueRefused, match="a queue is named sqs://NAME") as refusal:
        QueueAddress.parse(text)

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.eu-west-1.amazonaws.com", "eu-west-1"),
        ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("sqs-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("localhost.localstack.cloud:4566", None),
    ],
)
def test_the_region_is_that_of_the_url(host: str, region: str | None) -> None:
    address = QueueAddress.parse(f"https://{host}/123456789012/stripe")

    assert (address.region, address.endpoint) == (region, f"https://{host}")
    assert QueueAddress.parse("sqs://stripe").region is None


def test_messages_are_received_and_come_no_more_once_they_are_deleted(queue: SqsQueue) -> None:
    send("one", "two", json.dumps({"id": "evt_1"}))

    received = queue.receive()

    assert sorted(message.body for message in received) == ["one", "two", '{"id": "evt_1"}']
    queue.delete(received)
    queue.delete([])
    assert queue.receive() == []
    assert remaining() == (0, 0)


def test_what_is_not_deleted_stays_in_the_queue(queue: SqsQueue) -> None:
    send("one")

    assert len(queue.receive()) == 1
    assert queue.receive() == [], "it is hidden meanwhile"
    assert remaining() == (0, 1)


def test_a_queue_is_found_by_its_url_as_well(s3_endpoint: str) -> None:
    with named_queue("by-url") as (client, url):
        client.send_message(QueueUrl=url, MessageBody="one")
        queue = SqsQueue(QueueAddress.parse(f"{s3_endpoint}/123456789012/by-url"))

        assert [message.body for message in queue.receive()] == ["one"]
        queue.close()


def test_a_queue_that_is_not_there_is_refused() -> None:
    with pytest.raises(QueueRefused, match="there is no queue nowhere in this account and region"):
        SqsQueue(QueueAddress.parse("sqs://nowhere")).receive()


def test_without_a_region_or_credentials_the_cause_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(QueueRefused, match="queue a: You must specify a region"):
        SqsQueue(QueueAddress.parse("sqs://a"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(QueueRefused, match="queue a: Unable to locate credentials"):
        SqsQueue(QueueAddress.parse("sqs://a")).receive()


def test_a_server_that_is_not_there_is_to_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(QueueAway, match="queue a: EndpointConnectionError"):
        SqsQueue(QueueAddress.parse("sqs://a")).receive()


def remaining() -> tuple[int, int]:
    """How many messages the queue has to give, and how many it hides."""
    client: Any = boto3.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = client.get_queue_url(QueueName="stripe-events")["QueueUrl"]
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(told[names[0]]), int(told[names[1]])
