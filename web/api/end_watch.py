"""Lets requests wait for ends of batches, however many there are, without a thread for each.

While somebody waits, one look a moment asks about all batches that are waited for; it needs one thread, and no other
request stands behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

#: How often it is looked. Redis answers five commands a batch that somebody waits for.
EVERY_S = 0.5
#: The longest wait that may be asked for. Proxies give up after a minute.
MOST_WAIT_S = 60
#: Requests of one process that wait at once, of the 500 connections that it takes; more are answered at once.
MOST_WAITING = 200


class EndWatch:
    """The waits of one process. Used by the thread of its loop alone."""

    def __init__(self, over: Callable[[Collection[str]], Collection[str]], stopping: Callable[[], bool]) -> None:
        """Asks `over` which of these batches are worth an answer now; `stopping`: nobody waits any longer."""
        self._over = over
        self._stopping = stopping
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def until_over(self, request: Request, batch_id: str, for_s: float) -> bool:
        """Returns when that batch is worth an answer, when it took so long, or when nobody listens any more.

        Tells whether it is the first: what was read of the batch before may be older than that.
        """
        if for_s <= 0 or sum(map(len, self._waiting.values())) >= MOST_WAITING:
            return False
        over = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(batch_id, []).append(over)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        gone = asyncio.create_task(_gone(request))
        try:
            await asyncio.wait({over, gone}, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            self._leave(batch_id, over)
        return over.done()

    async def _look(self) -> None:
        """Looks as long as somebody waits."""
        while self._waiting:
            asked = list(self._waiting)
            ended = asked if self._stopping() else await run_in_threadpool(self._over, asked)
            for batch_id in ended:
                for over in self._waiting.get(batch_id, ()):
                    if not over.done():
                        over.set_result(None)
            await asyncio.sleep(EVERY_S)

    def _leave(self, batch_id: str, over: asyncio.Future[None]) -> None:
        left = [each for each in self._waiting[batch_id] if each is not over]
        if left:
            self._waiting[batch_id] = left
        else:
            del self._waiting[batch_id]


async def _gone(request: Request) -> None:
    """Returns when whoever asked has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
