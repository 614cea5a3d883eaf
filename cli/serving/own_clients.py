"""Makes the clients of `forebay_client` that need no server: `forebay.Client()` and `forebay.AsyncClient()`.

They speak the API all the same, with what answers it in this process: what is written for one runs with the other.
"""

from __future__ import annotations

import httpx

from forebay.cli.serving.in_process import AsyncInProcess, InProcess
from forebay_client import AsyncClient, Client
from forebay_client.server_address import asks_for_a_server

#: Which names no server: it is what a `Host` has to say.
HERE = "http://localhost"


class OwnClient(Client):
    """A deployment of Forebay: the server that is named, else the deployment of this folder, as commands find it.

    That is the one of FOREBAY_REDIS_URL, or an embedded Valkey with workers, which end when nothing is unfinished.
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Asks and starts nothing yet."""
        if transport is None and not asks_for_a_server(url, token):
            url, transport = HERE, InProcess()
        super().__init__(url, token=token, transport=transport)


class AsyncOwnClient(AsyncClient):
    """A deployment of Forebay, for asyncio: the server that is named, else the deployment of this folder."""

    def __init__(
        self, url: str | None = None, *, token: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Asks and starts nothing yet."""
        if transport is None and not asks_for_a_server(url, token):
            url, transport = HERE, AsyncInProcess()
        super().__init__(url, token=token, transport=transport)
