"""A Stripe whose list of tables tells nobody anything, so that data are asked for by a query."""

from datetime import datetime
from typing import Never

from forebay.config.connections import Connection
from forebay.queryrun.errors import ProviderError


def untold(connection: Connection, account: str | None, *, now: datetime) -> Never:
    """Stands where `fetch_catalog` does."""
    raise ProviderError(f"nobody tells {connection.name} of {account} at {now}")
