"""Opens Forebay's client by a connection of Airflow: its host is the server's address, its password the token.

Where people reach the page by another address than workers the API, that is `page_url` of the connection's extra.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from urllib.parse import quote

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowFailException

from forebay_client import AsyncClient, Client, ForebayError


@dataclass(frozen=True, slots=True, kw_only=True)
class ForebayServer:
    """Where a server is, and by which token the task shows who it is."""

    url: str
    token: str | None = field(repr=False)
    page_url: str

    @classmethod
    def of(cls, connection: Connection) -> ForebayServer:
        """Reads it. Raises `AirflowFailException` where the connection names no host: another try would not, either."""
        host = (connection.host or "").rstrip("/")
        if not host:
            raise AirflowFailException(
                f"connection {connection.conn_id} has no host: give the address of `forebay web`, "
                "such as https://forebay.example.com"
            )
        if "://" not in host:
            # What the short form says, forebay://:token@forebay.example.com:8443.
            host = f"{connection.schema or 'https'}://{host}" + (f":{connection.port}" if connection.port else "")
        page_url = connection.extra_dejson.get("page_url") or host
        return cls(url=host, token=connection.password or None, page_url=str(page_url).rstrip("/"))

    def batch_page(self, batch_id: str) -> str:
        """Gives the address of a batch's page."""
        return f"{self.page_url}/b/{quote(batch_id, safe='')}"


class ForebayHook(BaseHook):
    """A deployment of Forebay, by the connection that names its server."""

    conn_name_attr: ClassVar[str] = "forebay_conn_id"
    default_conn_name: ClassVar[str] = "forebay_default"
    conn_type: ClassVar[str] = "forebay"
    hook_name: ClassVar[str] = "Forebay"

    def __init__(self, forebay_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.forebay_conn_id = forebay_conn_id

    @cached_property
    def server(self) -> ForebayServer:
        """Looks the connection up, once: whoever kills a task does so in the midst of what it asks Airflow.

        Raises `AirflowFailException` where the connection names no host.
        """
        return ForebayServer.of(self.get_connection(self.forebay_conn_id))

    def get_conn(self) -> Client:
        """Gives a client, which its caller closes. Asks the server nothing yet."""
        return Client(self.server.url, token=self.server.token)

    async def get_async_conn(self) -> AsyncClient:
        """Gives one for a trigger, which its caller closes."""
        server = ForebayServer.of(await self.aget_connection(self.forebay_conn_id))
        return AsyncClient(server.url, token=server.token)

    def test_connection(self) -> tuple[bool, str]:
        """Tries whether the server answers, and lets the token in."""
        try:
            with self.get_conn() as client:
                extracts = client.extracts()
        except (ForebayError, AirflowFailException) as error:
            return False, str(error)
        return True, f"it answers, and has {len(extracts)} extracts"
