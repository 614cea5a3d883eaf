"""Locks what one process does at a time, for a time: it ends by itself when its holder died."""

from typing import Any

from redis.exceptions import LockError

from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


class TimedLock:
    """A lock under one key, for one thread. Raises `GovernorError`."""

    def __init__(self, client: Client, key: str, *, good_for_s: float) -> None:
        redis: Any = client
        self._client = redis
        self._key = key
        self._good_for_ms = 1000 * good_for_s
        self._lock = redis.lock(key, timeout=good_for_s, blocking=False)

    @translated()
    def take(self) -> bool:
        """Takes it; False if somebody else has it."""
        if self._lock.acquire():
            return True
        # With longer to go than anybody takes it for, it was taken before a clock was set back, and its holder may
        # be dead; one that lives has renewed it since, or will find it lost.
        return self._client.pttl(self._key) > self._good_for_ms and bool(self._client.delete(self._key)) and self.take()

    @translated()
    def renew(self) -> bool:
        """Begins its time anew; False if it ran out."""
        try:
            return bool(self._lock.reacquire())
        except LockError:
            return False

    @translated()
    def release(self) -> bool:
        """Gives it back; False if it ran out."""
        try:
            self._lock.release()
        except LockError:
            return False
        return True
