"""Holds what the acts of closing work with: made by the closer for the batch in hand, or by a test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.scheduler.notify import Tell
from forebay.scheduler.splitting.splitter import Cut
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch

Split = Callable[[Batch, str, int], Cut]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingServices:
    """Where batches are, who is told of them, and what else it takes to close one."""

    ledger: Ledger
    redis: Client
    store: Callable[[str], Store]
    """Opens the store of an output URL."""
    tell: Tell
    """Tells people."""
    split: Split | None = None
    """Cuts a run (batch, lane, index) that hit a wall into parts, once, and says how that stands: `Splitter.split`."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    keep: Callable[[], None] = lambda: None
    """Called now and then during long work: keeps the batch ours. Raises `LockLost`."""

    def governors(self, batch: Batch) -> list[Governor]:
        """Opens the lanes of a batch."""
        return [Governor(self.redis, flow.lane) for flow in batch.flows]


class LockLost(Exception):
    """Raised when another process may close the batch by now: stop, and leave it to the next round."""
