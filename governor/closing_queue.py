"""The set of batches that somebody has to look at as a whole, and when: `fb:closing`.

Accepting a batch with a policy puts it there, its closer moves its time on, and takes it out once it is closed. It is a
hint about time, as every due time is: the lock says who closes, and the ledger what was done.
"""

from typing import Any

import redis

from forebay.governor.keys import CLOSING

#: The time of a batch that is due now, whatever the time is.
AT_ONCE = 0

# A batch that somebody put back meanwhile has another time, and stays.
_LEAVE = """
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) == tonumber(ARGV[2]) then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
"""


class ClosingQueue:
    """Batches with the time (ms) at which each is looked at again. Thread safe."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client

    def add(self, batch: str, at_ms: int) -> None:
        """Looks at a batch at this time, whatever was planned for it."""
        self._client.zadd(CLOSING, {batch: at_ms})

    def add_new(self, batch: str, at_ms: int) -> None:
        """As `add`, but one that is there already keeps its time."""
        self._client.zadd(CLOSING, {batch: at_ms}, nx=True)

    def due(self, now_ms: int, most: int) -> dict[str, float]:
        """Batches whose time has come, the longest due first, with that time."""
        return dict(self._client.zrange(CLOSING, "-inf", now_ms, byscore=True, offset=0, num=most, withscores=True))

    def later(self, batch: str, at_ms: int) -> None:
        """Its next look; of one that was taken out meanwhile there is none."""
        self._client.zadd(CLOSING, {batch: at_ms}, xx=True)

    def leave(self, batch: str, seen_ms: float) -> bool:
        """Takes out a batch that is closed, unless it was added again since it was seen due at that time."""
        return bool(self._client.eval(_LEAVE, 1, CLOSING, batch, seen_ms))

    def all(self) -> list[str]:
        """All of them, in order of their times."""
        batches: list[str] = self._client.zrange(CLOSING, 0, -1)
        return batches
