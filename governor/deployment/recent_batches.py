"""Keeps when each batch was accepted, so that people see the newest first without a walk through the ledger."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from forebay.governor.keys import BATCHES
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated

_PAGE = 100


class RecentBatches:
    """The batches of a deployment by time. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def add(self, batch: str, accepted_at: datetime) -> None:
        """Adds a batch; adding it again changes nothing."""
        self._client.zadd(BATCHES, {batch: accepted_at.timestamp() * 1000})

    @translated()
    def count(self) -> int:
        """Counts all of them."""
        return int(self._client.zcard(BATCHES))

    def newest(self) -> Iterator[tuple[str, datetime]]:
        """Yields batches with their times, the newest first, a page at a time."""
        first = 0
        while page := self._page(first):
            yield from page
            first += _PAGE

    @translated()
    def unknown(self, batches: Sequence[str]) -> list[str]:
        """Tells which of these Redis does not know."""
        times = self._client.zmscore(BATCHES, batches) if batches else []
        return [batch for batch, time in zip(batches, times, strict=True) if time is None]

    @translated()
    def remove(self, batches: Sequence[str]) -> None:
        """Forgets batches that the ledger has no more."""
        if batches:
            self._client.zrem(BATCHES, *batches)

    @translated()
    def _page(self, first: int) -> list[tuple[str, datetime]]:
        found = self._client.zrevrange(BATCHES, first, first + _PAGE - 1, withscores=True)
        return [(batch, datetime.fromtimestamp(score / 1000, UTC)) for batch, score in found]
