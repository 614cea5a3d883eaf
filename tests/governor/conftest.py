"""Servers and lanes for the governor's tests, and the check that no test leaves a key without a reason."""

from collections.abc import Iterator

import fakeredis
import pytest
import redis

from forebay.governor.redis_client import connect
from tests.governor.driver import Lane
from tests.governor.keyspace import keys_without_a_reason
from tests.servers.valkey import valkey_server


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[redis.Redis]:
    """A server of their own for property tests, which empty it themselves before each example."""
    with valkey_server() as url, connect(url) as client:
        yield client


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """For what fakeredis does not have or only imitates: MONITOR, INFO, CONFIG, memory, script caches, expiry."""
    with connect(valkey_url) as client:
        yield client
        assert keys_without_a_reason(client) == set()


@pytest.fixture(params=["valkey", "fakeredis"])
def client(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """For plain calls of scripts, where fakeredis with lupa answers as the server does."""
    if request.param == "valkey":
        yield request.getfixturevalue("valkey")
        return
    with fakeredis.FakeRedis(decode_responses=True) as fake:
        yield fake
        assert keys_without_a_reason(fake) == set()


@pytest.fixture
def lane(client: redis.Redis) -> Lane:
    return Lane(client)


@pytest.fixture
def real_lane(valkey: redis.Redis) -> Lane:
    return Lane(valkey)
