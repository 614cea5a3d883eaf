"""Keeps when each batch was accepted, so that people see the newest first without a walk through the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forebay.governor.keys import BATCHES
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


class RecentBatches:
    """The batches of a deployment by time. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def add(self, batch: str, accepted_at: datetime) -> None:
        """Adds a batch; adding it again changes nothing."""
        self._client.zadd(BATCHES, {batch: accepted_at.timestamp() * 1000})

    @translated()
    def newest(self, most: int) -> list[str]:
        """Lists batches, the newest first."""
        batches: list[str] = self._client.zrevrange(BATCHES, 0, most - 1)
        return batches

    @translated()
    def unknown(self, batches: Sequence[str]) -> list[str]:
        """Tells which of these Redis does not know."""
        times = self._client.zmscore(BATCHES, batches) if batches else []
        return [batch for batch, time in zip(batches, times, strict=True) if time is None]
