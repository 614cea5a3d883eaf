"""Lets one process at a time carry on what somebody began by the page, which costs nothing but time if two do."""

from forebay.governor import keys
from forebay.governor.deployment.timed_lock import TimedLock
from forebay.governor.redis_client import Client


class DeedTurn(TimedLock):
    """Whose turn it is to carry on a deed."""

    def __init__(self, client: Client, deed: str, *, good_for_s: float) -> None:
        super().__init__(client, keys.deed_turn(deed), good_for_s=good_for_s)
