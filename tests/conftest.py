"""Servers that tests of several folders share: each is started once a session, on a free loopback port."""

from collections.abc import Iterator

import pytest
import redis

from governor.client import connect
from tests.servers.s3 import s3_server
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


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The endpoint of a real S3 server for the whole session."""
    with s3_server() as endpoint:
        yield endpoint
