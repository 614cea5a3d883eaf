"""Keeps which connection works with which key, so that two of them do not make two lanes of one cap.

Keys are known by their digests (`config/same_key.py`). Written by whoever is about to use a key: a worker before its
first request for a connection, a command before it submits. A connection that got another key, or another name, takes
over what the former one left as soon as that has no more work.
"""

from typing import Any

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.scripts import Scripts
from forebay.governor.view import View


class KeyOwners:
    """The connections of one deployment, by the digests of their keys. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._scripts = Scripts(client)
        self._view = View(client)

    def claim(self, digest: str, connection: str) -> str | None:
        """Notes that this connection works with the key; names another one that does, and has work."""
        owner = self._noted(digest, connection)
        if owner != connection and not self._has_work(owner):
            owner = self._noted(digest, connection, instead_of=owner)
        return None if owner == connection else owner

    def _noted(self, digest: str, connection: str, instead_of: str = "") -> str:
        owner: str = self._scripts.run("standalone/claim_key", [keys.KEY_OWNERS], [digest, connection, instead_of])
        return owner

    @translated()
    def _has_work(self, connection: str) -> bool:
        lanes = [lane for lane in self._view.lanes() if lane.partition(":")[0] == connection]
        return any(map(self._view.is_busy, lanes))
