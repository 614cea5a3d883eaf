"""Lets one process at a time reconcile Redis with the ledger, and all together do so once in a while.

Two at once would do no harm, only the same work twice. The note of when it was done last is lost with all else when
Redis is emptied, so an empty Redis is reconciled at once.
"""

from forebay.governor import keys
from forebay.governor.deployment.timed_lock import TimedLock
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


class ReconcilingTurn(TimedLock):
    """Whose turn it is, and whether it is time."""

    def __init__(self, client: Client, *, good_for_s: float) -> None:
        super().__init__(client, keys.RECONCILING, good_for_s=good_for_s)

    @translated()
    def is_time(self, every_s: int) -> bool:
        """Tells whether nobody has reconciled for so long; a note that says more is of before a clock was set back."""
        left_ms: int = self._client.pttl(keys.RECONCILED)
        return not 0 <= left_ms <= 1000 * every_s

    @translated()
    def done(self, every_s: int) -> None:
        """Notes that nobody needs to reconcile for so long."""
        self._client.set(keys.RECONCILED, "1", ex=every_s)
