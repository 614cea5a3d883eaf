"""Keeps up to when data go, as ended QueryRuns told: whoever asks later need not spend a run to know it.

Noted by whoever sees an end (`worker/steps/turn.py`); read where a window waits for its data (`extracts/rounds.py`),
and where a run is shared only until they move (`batches/sharing.py`). A hint: what is lost is told by the next run.
"""

from datetime import UTC, datetime
from typing import Any

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


class SeenData:
    """The newest of what was told of each account of a connection. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._noted: dict[str, datetime] = {}

    def note(self, connection: str, account: str | None, until: datetime) -> None:
        """Notes it, if it is newer than all that this process noted of the account; what is older changes nothing."""
        whose = _whose(connection, account)
        if whose in self._noted and until <= self._noted[whose]:
            return
        self._add(whose, until)
        self._noted[whose] = until

    @translated()
    def _add(self, whose: str, until: datetime) -> None:
        self._client.zadd(keys.DATA_SEEN, {whose: int(until.timestamp() * 1000)}, gt=True)

    @translated()
    def until(self, connection: str, account: str | None) -> datetime | None:
        """Gives the newest that anybody noted, to the millisecond; None where nobody did."""
        score = self._client.zscore(keys.DATA_SEEN, _whose(connection, account))
        return None if score is None else datetime.fromtimestamp(score / 1000, UTC)


def _whose(connection: str, account: str | None) -> str:
    return connection if account is None else f"{connection} {account}"
