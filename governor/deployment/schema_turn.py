"""Lets one beat at a time fetch the tables of a connection, and after a failure none for a while.

It is never given back: what was fetched is found in the ledger, and what failed is tried again when the turn is over.
"""

from forebay.governor import keys
from forebay.governor.deployment.timed_lock import TimedLock
from forebay.governor.redis_client import Client


class SchemaTurn(TimedLock):
    """Whose turn it is to fetch the tables of a connection."""

    def __init__(self, client: Client, connection: str, *, good_for_s: float) -> None:
        super().__init__(client, keys.schema_turn(connection), good_for_s=good_for_s)
