"""Keeps two processes from closing one batch at the same time, which would cost nothing but time.

What is done under it is repeatable, so it has no fence: a holder that slept past its end does again what another did.
"""

from typing import Any

from redis.exceptions import LockError

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


class ClosingLock:
    """The lock of one batch, for one thread. Ends by itself when its holder died. Raises `GovernorError`."""

    def __init__(self, client: Client, batch: str, *, good_for_s: float) -> None:
        redis: Any = client
        self._lock = redis.lock(keys.closing_lock(batch), timeout=good_for_s, blocking=False)

    @translated()
    def take(self) -> bool:
        """Takes it; False if somebody else has it."""
        return bool(self._lock.acquire())

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
