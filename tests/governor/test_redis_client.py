"""The client that everything of ours uses, and the check of the server. Real only: these are server settings."""

from collections.abc import Iterator

import pytest
import redis

from forebay.governor.errors import GovernorError, RedisUnavailable, RedisUnsuitable
from forebay.governor.redis_client import check_server, connect
from forebay.governor.redis_forms import SOCKET_TIMEOUT_S
from tests.servers.valkey import free_port


@pytest.fixture
def server(valkey: redis.Redis) -> Iterator[redis.Redis]:
    """A server whose settings a test may change."""
    settings = {name: valkey.config_get(name)[name] for name in ("maxmemory-policy", "appendonly")}
    yield valkey
    valkey.acl_deluser("restricted")
    for name, value in settings.items():
        valkey.config_set(name, value)


def test_replies_are_text(valkey: redis.Redis) -> None:
    valkey.set("name", "value")
    assert valkey.get("name") == "value"
    valkey.delete("name")


def test_every_wait_is_bounded(valkey_url: str) -> None:
    with connect(valkey_url) as client:
        wanted = client.connection_pool.connection_kwargs
        assert wanted["socket_timeout"] == wanted["socket_connect_timeout"] == SOCKET_TIMEOUT_S
        assert wanted["socket_keepalive"]


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_evicts_keys_is_refused(server: redis.Redis, policy: str) -> None:
    server.config_set("maxmemory-policy", policy)
    with pytest.raises(RedisUnsuitable, match=f"{policy}.*set maxmemory-policy noeviction"):
        check_server(server)


def test_a_server_without_an_append_only_file_is_warned_about(server: redis.Redis) -> None:
    (warning,) = check_server(server)
    assert "appendonly yes" in warning


def test_a_good_server_is_fine(server: redis.Redis) -> None:
    server.config_set("appendonly", "yes")
    assert check_server(server) == []


def test_a_service_that_hides_its_settings_is_believed(server: redis.Redis, valkey_url: str) -> None:
    server.acl_setuser("restricted", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-config"])
    with connect(valkey_url.replace("redis://", "redis://restricted:any@")) as restricted:
        assert check_server(restricted) == []


def test_nobody_there_is_unavailable() -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0") as client, pytest.raises(RedisUnavailable):
        check_server(client)


def test_what_we_may_not_do_is_said(server: redis.Redis, valkey_url: str) -> None:
    server.acl_setuser("restricted", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-ping"])
    refused = pytest.raises(GovernorError, match="refuses a command")
    with connect(valkey_url.replace("redis://", "redis://restricted:any@")) as restricted, refused:
        check_server(restricted)
