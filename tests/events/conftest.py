"""A lane to wake runs of, on a real Valkey."""

import pytest
import redis

from tests.governor.driver import Lane


@pytest.fixture
def lane(valkey: redis.Redis) -> Lane:
    return Lane(valkey)
