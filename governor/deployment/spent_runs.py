"""Counts what definitions with `runs_per_day` have spent of it, by the UTC day on which their batches were accepted.

Called before a batch is written to the ledger (`scheduler/batches/submitting.py`), and by whoever foretells a submit.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.scripts import Scripts

#: Longer than any batch of that day may still ask to be counted.
KEPT = timedelta(days=3)


class Spending(StrEnum):
    """What became of a batch that wanted runs."""

    COUNTED = "counted"  # its runs are counted from now on
    KNOWN = "known"  # they were counted before
    TOO_MANY = "too many"  # they do not fit, and are not counted


class Spent(NamedTuple):
    """What became of a batch, and how many runs of its definition were counted before it."""

    verdict: Spending
    total: int


class SpentRuns:
    """The counts of all definitions. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._scripts = Scripts(client)

    def spend(
        self, definition: str, day: date, batch: str, *, runs: int, runs_per_day: int, known: Mapping[str, int]
    ) -> Spent:
        """Counts the runs of a batch, once, if they fit beside those of batches that are known to be accepted."""
        flat = [part for taken in known.items() for part in taken]
        args = (batch, runs, runs_per_day, int(KEPT.total_seconds()), *flat)
        verdict, total = self._scripts.run("standalone/spend_runs", [keys.spent(definition, day)], args)
        return Spent(Spending(verdict), total)

    @translated()
    def refund(self, definition: str, day: date, batch: str) -> None:
        """Takes a batch off the count that did not come to be."""
        self._client.hdel(keys.spent(definition, day), batch)

    @translated()
    def total(self, definition: str, day: date) -> int:
        """Sums the runs that are counted."""
        return sum(map(int, self._client.hvals(keys.spent(definition, day))))
