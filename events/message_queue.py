"""Says what a queue is to who listens: messages that come again until they are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """One message, in our hands for as long as the queue hides it."""

    id: str
    receipt: str
    """With which this delivery of it is deleted."""
    body: str


class MessageQueue(Protocol):
    """A queue. Each call raises QueueAway or QueueRefused, with the cause."""

    name: str

    def receive(self) -> list[QueueMessage]:
        """Waits some seconds for messages; gives some, or none."""

    def delete(self, messages: Sequence[QueueMessage]) -> None:
        """Takes messages away for good. One that the queue keeps all the same comes again."""
