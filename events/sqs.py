"""Reads a queue of Amazon SQS, into which EventBridge puts what Stripe says: the only module here that knows boto3.

A message that was received is hidden for the queue's visibility timeout, and comes again unless it was deleted. So what
is deleted late, or not at all, is doubled and never lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as EndpointError

from forebay.config.api_base import is_loopback
from forebay.events.errors import QueueAway, QueueRefused
from forebay.events.message_queue import QueueMessage

#: A poll returns with the first message, so this delays nothing but the end of the process; SQS charges by the request.
WAIT_S = 5
#: As many as SQS gives at once.
_MOST_MESSAGES = 10

_NAME = r"(?P<name>[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)"
_BY_NAME = re.compile(rf"sqs://(?:(?P<owner>\d{{12}})/)?{_NAME}", re.ASCII)
_BY_URL = re.compile(rf"(?P<scheme>https?)://(?P<host>[\w.-]+)(?::\d+)?/\d+/{_NAME}", re.ASCII)
#: Of `sqs.eu-west-1.amazonaws.com`, and of its like in other partitions.
_REGION = re.compile(r"sqs(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.|api\.aws)")

_NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_AGAIN = {"OverLimit", "RequestThrottled", "Throttling", "ThrottlingException", "KmsThrottled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAddress:
    """Says where a queue is: by its URL, or by its name in the account and region that boto3 finds."""

    name: str
    owner: str | None = None
    """The AWS account that has it; None: that of the credentials."""
    url: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `sqs://NAME`, `sqs://ACCOUNT/NAME`, or a queue's URL. Raises QueueRefused."""
        if by_name := _BY_NAME.fullmatch(text):
            return cls(name=by_name["name"], owner=by_name["owner"])
        by_url = _BY_URL.fullmatch(text)
        if by_url and (by_url["scheme"] == "https" or is_loopback(by_url["host"])):
            return cls(name=by_url["name"], url=text)
        raise QueueRefused(
            "a queue is named sqs://NAME, sqs://ACCOUNT/NAME, or by its URL, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
        )

    @property
    def endpoint(self) -> str | None:
        """Gives the server of its URL."""
        return self.url and self.url.rsplit("/", 2)[0]

    @property
    def region(self) -> str | None:
        """Gives the region that its URL names."""
        found = self.url and _REGION.search(self.url)
        return found[1] if found else None


class SqsQueue:
    """A `MessageQueue` of Amazon's."""

    def __init__(self, address: QueueAddress) -> None:
        """Contacts nobody."""
        self.name = address.name
        self._address = address
        self._url = address.url
        with self._translated():
            self._client: Any = boto3.session.Session().client(
                "sqs",
                endpoint_url=address.endpoint,
                region_name=address.region,
                config=Config(
                    connect_timeout=5,
                    read_timeout=WAIT_S + 10,
                    retries={"mode": "standard", "total_max_attempts": 3},
                ),
            )

    def receive(self) -> list[QueueMessage]:
        with self._translated():
            reply = self._client.receive_message(
                QueueUrl=self._found(), MaxNumberOfMessages=_MOST_MESSAGES, WaitTimeSeconds=WAIT_S
            )
        return [
            QueueMessage(id=message["MessageId"], receipt=message["ReceiptHandle"], body=message["Body"])
            for message in reply.get("Messages", [])
        ]

    def delete(self, messages: Sequence[QueueMessage]) -> None:
        if not messages:
            return
        entries = [{"Id": str(number), "ReceiptHandle": each.receipt} for number, each in enumerate(messages)]
        with self._translated():
            self._client.delete_message_batch(QueueUrl=self._found(), Entries=entries)

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    def _found(self) -> str:
        if self._url is None:
            owner = {"QueueOwnerAWSAccountId": self._address.owner} if self._address.owner else {}
            self._url = str(self._client.get_queue_url(QueueName=self.name, **owner)["QueueUrl"])
        return self._url

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ClientError as exc:
            raise self._from_answer(exc) from exc
        except (EndpointError, HTTPClientError) as exc:
            # Its own text may hold the whole URL of the request.
            raise QueueAway(f"queue {self.name}: {type(exc).__name__}") from exc
        except (BotoCoreError, ValueError) as exc:
            raise QueueRefused(f"queue {self.name}: {exc}") from exc

    def _from_answer(self, exc: ClientError) -> QueueAway | QueueRefused:
        code = exc.response.get("Error", {}).get("Code", "")
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _NO_QUEUE:
            return QueueRefused(f"there is no queue {self.name} in this account and region")
        where = f"queue {self.name}: {exc.operation_name} {code or status}"
        return QueueAway(where) if code in _AGAIN or status >= 500 or status == 429 else QueueRefused(where)
