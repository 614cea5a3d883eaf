"""Keeps up to when data go, as QueryRuns with a result told: whoever asks later need not spend a run to know it.

Noted by whoever sees a result (`worker/steps/turn.py`); read where a window waits for its data (`extracts/rounds.py`),
and where a run is shared only until they move (`batches/sharing.py`). A hint: what is lost is told by the next run.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


class SeenData:
    """The newest of what was told of each account of a connection. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def note(self, connection: str, account: str | None, until: datetime) -> None:
        """Notes it, if it is newer than what was noted of the account.

        Said to Redis each time: a process that remembered what it had said would keep still when Redis lost it.
        """
        self._client.zadd(keys.DATA_SEEN, {_whose(connection, account): int(until.timestamp() * 1000)}, gt=True)

    @translated()
    def of_connection(self, connection: str) -> Mapping[str | None, datetime]:
        """Gives the newest that anybody noted of each account of a connection, to the millisecond.

        None is whoever names no account.
        """
        noted: dict[str | None, datetime] = {}
        for whose, score in self._client.zrange(keys.DATA_SEEN, 0, -1, withscores=True):
            name, _, account = whose.partition(" ")
            if name == connection:
                noted[account or None] = _moment(score)
        return noted


def _whose(connection: str, account: str | None) -> str:
    return connection if account is None else f"{connection} {account}"


def _moment(score: float) -> datetime:
    return datetime.fromtimestamp(score / 1000, UTC)
