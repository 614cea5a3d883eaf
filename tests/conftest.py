"""Servers that tests of several folders share: each is started once a session, on a free loopback port."""

from collections.abc import Iterator

import pytest
import redis

from governor.client import connect
from tests.servers.valkey import valkey_server


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A real Valkey for the whole session."""
    with valkey_server() as url:
        yield url


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of the session's Valkey, emptied."""
    with connect(valkey_url) as client:
        client.flushall()
        yield client
