"""What the acts of closing work with. Made by the closer, or by a test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import redis

from forebay.governor.governor import Governor
from forebay.scheduler.notify import Tell
from forebay.scheduler.splitting.split import Cut
from forebay.store.interface import Store
from forebay.store.ledger import Ledger
from forebay.store.records import Batch

#: Cuts a run (batch, lane, index) that hit a wall into parts, once, and says how that stands: `Splitter.look`.
Split = Callable[[Batch, str, int], Cut]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingServices:
    ledger: Ledger
    redis: redis.Redis
    store: Callable[[str], Store]
    """The store of an output URL."""
    tell: Tell
    split: Split | None
    now: Callable[[], datetime]
    keep: Callable[[], None]
    """Called now and then during long work: keeps the batch ours. Raises `LockLost`."""

    def governors(self, batch: Batch) -> list[Governor]:
        return [Governor(self.redis, flow.lane) for flow in batch.flows]


class LockLost(Exception):
    """Raised when another process may close the batch by now: stop, and look again later."""
