"""Holds what is on its way to a webhook, within a bound, and counts how it was answered."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpcore

#: Deliveries that wait or are tried; what comes beyond is dropped and counted.
MOST_ON_THEIR_WAY = 10_000
#: Requests at one time.
MOST_AT_ONCE = 32


@dataclass(slots=True)
class Outbox:
    """The deliveries of one sandbox, a task for each; the loop that they share with the API never waits for one."""

    answers: dict[str, Counter[str]] = field(default_factory=dict)
    """What was sent → the status it was answered with, or `no_answer` → how often."""
    lost: int = 0
    """By a fault."""
    dropped: int = 0
    given_up: int = 0
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    pool: httpcore.AsyncConnectionPool = field(
        # No more than are sent at once; connections are kept, as Stripe's senders keep them.
        default_factory=lambda: httpcore.AsyncConnectionPool(max_connections=MOST_AT_ONCE, keepalive_expiry=30)
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def launch(self, delivery: Coroutine[Any, Any, None]) -> None:
        """Sets a delivery going, unless there are too many."""
        if len(self._tasks) >= MOST_ON_THEIR_WAY:
            self.dropped += 1
            delivery.close()
            return
        task = asyncio.create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def answered(self, kind: str, answer: str) -> None:
        """Counts how a request was answered."""
        self.answers.setdefault(kind, Counter())[answer] += 1

    def summary(self) -> dict[str, object]:
        """Gives the counts as GET /sandbox/counts shows them."""
        return {
            "sent": {kind: dict(answers) for kind, answers in self.answers.items()},
            "on_their_way": len(self._tasks),
            "lost": self.lost,
            "dropped": self.dropped,
            "given_up": self.given_up,
        }

    async def close(self) -> None:
        """Calls back what is on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pool.aclose()
