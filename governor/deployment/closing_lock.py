"""Keeps two processes from closing one batch at the same time, which would cost nothing but time.

What is done under it is repeatable, and its last word stands in the ledger as a version: a holder that slept past its
end covers nothing that another did.
"""

from forebay.governor import keys
from forebay.governor.deployment.timed_lock import TimedLock
from forebay.governor.redis_client import Client


class ClosingLock(TimedLock):
    """The lock of one batch."""

    def __init__(self, client: Client, batch: str, *, good_for_s: float) -> None:
        super().__init__(client, keys.closing_lock(batch), good_for_s=good_for_s)
