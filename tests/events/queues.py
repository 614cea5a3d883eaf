"""Makes queues on the server that stands in for Amazon, and an environment in which boto3 finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY


def aws_environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def aws(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    for name, value in aws_environment(endpoint).items():
        monkeypatch.setenv(name, value)


@contextmanager
def named_queue(name: str, **attributes: str) -> Iterator[tuple[Any, str]]:
    """A queue with a client; gone at the end."""
    client: Any = boto3.client("sqs")
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    try:
        yield client, url
    finally:
        client.delete_queue(QueueUrl=url)
        client.close()


def left(client: Any, url: str) -> int:
    """The messages of a queue that are not deleted."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(told[name]) for name in names)
