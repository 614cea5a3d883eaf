"""Keeps the batches that have to be closed, when their closer comes again, and what keeps it from closing them.

A sorted set by their due times. Accepting a batch with a policy puts it there, its closer moves its time on, and takes
it out once it is closed. It is a hint about time, as every due time is: the lock says who closes, and the ledger what
was done.
"""

from typing import Any

from forebay.governor.keys import CLOSING, CLOSING_PUT_OFF
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.scripts import Scripts

#: The time of a batch that is due now, whatever the time is.
AT_ONCE = 0

#: Nobody plans further ahead: a time past it is by a clock of Redis that was set back since.
FURTHEST_MS = 120_000


class ClosingQueue:
    """Batches with the time (ms) at which each is due. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._scripts = Scripts(client)

    @translated()
    def add(self, batch: str, at_ms: int) -> None:
        """Makes a batch due at this time, whatever was planned for it."""
        self._client.zadd(CLOSING, {batch: at_ms})

    @translated()
    def add_new(self, batch: str, at_ms: int) -> None:
        """Adds as `add` does, but one that is there already keeps its time."""
        self._client.zadd(CLOSING, {batch: at_ms}, nx=True)

    @translated()
    def due(self, now_ms: int, most: int) -> dict[str, float]:
        """Lists batches whose time has come, the longest due first, with that time.

        One that is further ahead than anybody plans is due, too, or nobody would come before a clock that was set back
        has caught up.
        """
        with self._client.pipeline(transaction=False) as pipeline:
            for first, last in (("-inf", now_ms), (f"({now_ms + FURTHEST_MS}", "inf")):
                pipeline.zrange(CLOSING, first, last, byscore=True, offset=0, num=most, withscores=True)
            come, stray = pipeline.execute()
        return dict([*come, *stray][:most])

    @translated()
    def postpone(self, batch: str, at_ms: int) -> None:
        """Makes a batch due at this time, unless it was taken out meanwhile."""
        self._client.zadd(CLOSING, {batch: at_ms}, xx=True)

    def remove(self, batch: str, seen_ms: float) -> bool:
        """Takes out a batch that is closed, unless it was added again since it was seen due at that time."""
        return bool(self._scripts.run("standalone/remove_closing", [CLOSING], [batch, seen_ms]))

    @translated()
    def put_off(self, batch: str, reason: str) -> None:
        """Says that a batch cannot be closed now, and why; true until its closer gets on with it."""
        self._client.hset(CLOSING_PUT_OFF, batch, reason)

    @translated()
    def gets_on(self, batch: str) -> None:
        """Says that nothing keeps a batch from being closed."""
        self._client.hdel(CLOSING_PUT_OFF, batch)

    @translated()
    def troubles(self) -> dict[str, str]:
        """Gives why closings were put off the last time, by batch."""
        return dict(sorted(self._client.hgetall(CLOSING_PUT_OFF).items()))

    @translated()
    def all(self) -> list[str]:
        """Lists all of them, in order of their times."""
        batches: list[str] = self._client.zrange(CLOSING, 0, -1)
        return batches
