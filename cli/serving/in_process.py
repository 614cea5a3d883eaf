"""Carries the client's requests to the deployment of this folder instead of over a network: two transports of httpx.

The client that blocks may be used where an event loop runs already, as in a notebook, so its requests are answered in a
loop of a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from concurrent.futures import CancelledError
from threading import Lock, Thread
from typing import Any

import httpx

from forebay.cli.serving.own_deployment import OwnDeployment, refusal


class InProcess(httpx.BaseTransport):
    """For threads."""

    def __init__(self) -> None:
        self._own = OwnDeployment()
        self._starting = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answers a request; whoever is interrupted meanwhile leaves nothing behind."""
        try:
            self._own.open()
        except Exception as error:  # noqa: BLE001 - whatever it is, the client says it
            return refusal(error)
        answer = asyncio.run_coroutine_threadsafe(self._own.answer(request), self._running_loop())
        try:
            return answer.result()
        except CancelledError:
            raise httpx.ReadError("the client was closed meanwhile", request=request) from None
        except BaseException:
            answer.cancel()
            raise

    def close(self) -> None:
        """Leaves the deployment."""
        with self._starting:
            if self._loop and self._thread:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
        self._own.close()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=_run, args=(self._loop,), name="forebay-client", daemon=True)
                self._thread.start()
            return self._loop


class AsyncInProcess(httpx.AsyncBaseTransport):
    """For one event loop."""

    def __init__(self) -> None:
        self._own = OwnDeployment()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        try:
            await asyncio.to_thread(self._own.open)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client says it
            return refusal(error)
        return await self._own.answer(request)

    async def aclose(self) -> None:
        """Leaves the deployment."""
        await asyncio.to_thread(self._own.close)


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Runs a loop until it is stopped; what is under way then is canceled."""
    try:
        loop.run_forever()
        loop.run_until_complete(_cancel(asyncio.all_tasks(loop)))
    finally:
        loop.close()
