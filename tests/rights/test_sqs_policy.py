"""The policy for SQS: what listens to a queue works with it, and without any of its actions does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from forebay.events.errors import QueueRefused
from forebay.events.sqs import QueueAddress, SqsQueue
from tests.rights.guarded_amazon import GuardedAmazon, guarded_amazon
from tests.rights.policies import actions, policy, without

POLICY = policy("sqs")


def as_the_server_asks(wanted: Any) -> Any:
    """Translates what Amazon asks for into what moto does: a batch by its own name, and for no queue in particular."""
    return json.loads(
        json.dumps(wanted)
        .replace('"sqs:DeleteMessage"', '"sqs:DeleteMessageBatch"')
        .replace(POLICY["Statement"][0]["Resource"], "*")
    )


@pytest.fixture(scope="module")
def amazon() -> Iterator[GuardedAmazon]:
    with guarded_amazon() as server:
        yield server


def hear(amazon: GuardedAmazon, monkeypatch: pytest.MonkeyPatch, allowed: Any) -> int:
    """Receives a message and deletes it, as `forebay listen sqs://stripe-events` does; says how many are left."""
    client = amazon.client("sqs")
    url = client.create_queue(QueueName="stripe-events")["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="{}")
    amazon.allow(as_the_server_asks(allowed))
    for name, value in amazon.environment.items():
        monkeypatch.setenv(name, value)
    queue = SqsQueue(QueueAddress.parse("sqs://stripe-events"))
    try:
        queue.delete(queue.receive())
    finally:
        queue.close()
        left = _left(client, url)
        client.delete_queue(QueueUrl=url)
    return left


def _left(client: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(told[name]) for name in names)


def test_a_message_is_received_and_deleted(amazon: GuardedAmazon, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hear(amazon, monkeypatch, POLICY) == 0


@pytest.mark.parametrize("action", sorted(actions(POLICY)))
def test_without_any_action_of_it_none_is(amazon: GuardedAmazon, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    with pytest.raises(QueueRefused):
        hear(amazon, monkeypatch, without(action, POLICY))
