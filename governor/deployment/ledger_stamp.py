"""Keeps which ledger a Redis works for, and where that is, so that two of them, or a copy, are found out."""

from dataclasses import dataclass
from typing import Any

from forebay.governor.keys import LEDGER
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


@dataclass(frozen=True, slots=True)
class LedgerStamp:
    """Which ledger, and its URL."""

    id: str
    url: str


class LedgerStamps:
    """The stamp of one deployment. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def read(self) -> LedgerStamp | None:
        """Reads it; None where nobody works yet, or Redis lost its data."""
        return _stamp(self._client.get(LEDGER))

    @translated()
    def claim(self, own: LedgerStamp) -> LedgerStamp:
        """Sets it if there is none, and reads it."""
        self._client.set(LEDGER, f"{own.id} {own.url}", nx=True)
        return _stamp(self._client.get(LEDGER)) or own

    @translated()
    def move(self, own: LedgerStamp) -> None:
        """Sets it, whatever it was."""
        self._client.set(LEDGER, f"{own.id} {own.url}")


def _stamp(text: str | None) -> LedgerStamp | None:
    if not text:
        return None
    ledger_id, _, url = text.partition(" ")
    return LedgerStamp(ledger_id, url)
