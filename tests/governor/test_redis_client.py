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


def test_what_a_person_waits_for_is_told_within_five_seconds(valkey_url: str) -> None:
    with connect(valkey_url, for_a_person=True) as client:
        wanted = client.connection_pool.connection_kwargs
        tries = 1 + wanted["retry"].get_retries()
        pauses_s = (tries - 1) * 0.5
        assert tries * max(wanted["socket_timeout"], wanted["socket_connect_timeout"]) + pauses_s <= 5
