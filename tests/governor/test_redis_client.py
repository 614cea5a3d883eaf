"""The client that everything of ours uses, and the check of the server. Real only: these are server settings."""

import redis

from forebay.governor.redis_client import connect
from forebay.governor.redis_forms import SOCKET_TIMEOUT_S


def test_replies_are_text(valkey: redis.Redis) -> None:
    valkey.set("name", "value")
    assert valkey.get("name") == "value"
    valkey.delete("name")


def test_every_wait_is_bounded(valkey_url: str) -> None:
    with connect(valkey_url) as client:
        wanted = client.connection_pool.connection_kwargs
        assert wanted["socket_timeout"] == wanted["socket_connect_timeout"] == SOCKET_TIMEOUT_S
        assert wanted["socket_keepalive"]
