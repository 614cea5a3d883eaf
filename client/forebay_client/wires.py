"""Sends exchanges over HTTP and carries out dialogues, once for code that blocks and once for asyncio.

All that differs between the two clients, but for the words `async` and `await`, is here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import httpx

from forebay_client import dialogues, http_words
from forebay_client.asking import Page
from forebay_client.exchange import Dialogue, Exchange, carry_out, carry_out_async
from forebay_client.server_address import ServerAddress

T = TypeVar("T")
#: A server holds 200 waits back and answers all else at once; by fewer connections, that would stand behind waits.
_LIMITS = httpx.Limits(max_connections=250, max_keepalive_connections=20)


class Wire:
    """A connection to a server for threads."""

    def __init__(self, address: ServerAddress, transport: httpx.BaseTransport | None) -> None:
        self._http = httpx.Client(
            base_url=address.url, auth=address.auth, headers=address.headers, limits=_LIMITS, transport=transport
        )

    def do(self, exchange: Exchange[T]) -> T:
        """Makes one exchange, again where that is safe and may help."""
        return self.carry_out(dialogues.persist(exchange, time.monotonic))

    def carry_out(self, dialogue: Dialogue[T]) -> T:
        """Carries a dialogue out."""
        return carry_out(dialogue, self._send, time.sleep)

    def each(self, page_at: Callable[[int], Exchange[Page[T]]]) -> Iterator[T]:
        """Yields what is on all pages; each is asked for when it is needed."""
        start: int | None = 0
        while start is not None:
            page = self.do(page_at(start))
            yield from page.items
            start = page.next

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def _send(self, exchange: Exchange[Any]) -> Any:
        try:
            response = self._http.request(**http_words.arguments(exchange))
        except httpx.RequestError as error:
            http_words.unreachable(error, self._http.base_url)
        return http_words.read(exchange, response)


class AsyncWire:
    """A connection to a server for one event loop."""

    def __init__(self, address: ServerAddress, transport: httpx.AsyncBaseTransport | None) -> None:
        self._http = httpx.AsyncClient(
            base_url=address.url, auth=address.auth, headers=address.headers, limits=_LIMITS, transport=transport
        )

    async def do(self, exchange: Exchange[T]) -> T:
        """Makes one exchange, again where that is safe and may help."""
        return await self.carry_out(dialogues.persist(exchange, time.monotonic))

    async def carry_out(self, dialogue: Dialogue[T]) -> T:
        """Carries a dialogue out."""
        return await carry_out_async(dialogue, self._send, asyncio.sleep)

    async def each(self, page_at: Callable[[int], Exchange[Page[T]]]) -> AsyncIterator[T]:
        """Yields what is on all pages; each is asked for when it is needed."""
        start: int | None = 0
        while start is not None:
            page = await self.do(page_at(start))
            for item in page.items:
                yield item
            start = page.next

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def _send(self, exchange: Exchange[Any]) -> Any:
        try:
            response = await self._http.request(**http_words.arguments(exchange))
        except httpx.RequestError as error:
            http_words.unreachable(error, self._http.base_url)
        return http_words.read(exchange, response)
