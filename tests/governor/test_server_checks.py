"""The check of the server: what it may lose, and what it cannot do. Real only: these are server settings."""

import itertools
from collections.abc import Iterator

import pytest
import redis

from forebay.governor import keys
from forebay.governor.errors import GovernorError, RedisUnavailable, RedisUnsuitable
from forebay.governor.redis_client import connect
from forebay.governor.server_checks import check_server
from tests.servers.valkey import free_port


@pytest.fixture
def server(valkey: redis.Redis) -> Iterator[redis.Redis]:
    """A server whose settings a test may change."""
    settings = {name: valkey.config_get(name)[name] for name in ("maxmemory-policy", "appendonly")}
    yield valkey
    valkey.acl_deluser("restricted")
    for name, value in settings.items():
        valkey.config_set(name, value)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_evicts_keys_is_refused(server: redis.Redis, policy: str) -> None:
    server.config_set("maxmemory-policy", policy)
    with pytest.raises(RedisUnsuitable, match=f"{policy}.*set maxmemory-policy noeviction"):
        check_server(server)


def test_a_server_without_an_append_only_file_is_warned_about(server: redis.Redis) -> None:
    (warning,) = check_server(server).warnings
    assert "appendonly yes" in warning


def test_a_good_server_is_fine(server: redis.Redis) -> None:
    server.config_set("appendonly", "yes")
    found = check_server(server)

    assert found.warnings == []
    assert found.name.startswith("Valkey ")


@pytest.mark.parametrize(
    ("command", "said"), [("-config", "does not show its settings"), ("-info", "refuses INFO")], ids=["config", "info"]
)
def test_what_a_service_hides_is_named(server: redis.Redis, valkey_url: str, command: str, said: str) -> None:
    server.config_set("appendonly", "yes")
    rights = {"keys": ["*"], "channels": ["*"], "commands": ["+@all", command]}
    server.acl_setuser("restricted", enabled=True, nopass=True, **rights)
    with connect(valkey_url.replace("redis://", "redis://restricted:any@")) as restricted:
        (warning,) = check_server(restricted).warnings
    assert said in warning


def test_a_user_who_hears_no_bell_is_named(server: redis.Redis, valkey_url: str) -> None:
    server.config_set("appendonly", "yes")
    server.acl_setuser("restricted", enabled=True, nopass=True, keys=["*"], reset_channels=True, commands=["+@all"])
    with connect(valkey_url.replace("redis://", "redis://restricted:any@")) as restricted:
        (warning,) = check_server(restricted).warnings
    assert warning.endswith("give it &fb:bell.")


def test_a_server_that_refuses_keys_which_scripts_derive_is_refused(server: redis.Redis, valkey_url: str) -> None:
    # As serverless offers do; here it is an ACL that lets only the key pass that the script is given.
    given = [keys.DERIVING_PROBE, keys.WRITE_PROBE]
    server.acl_setuser("restricted", enabled=True, nopass=True, keys=given, commands=["+@all"])
    refused = pytest.raises(RedisUnsuitable, match="refuses scripts that touch keys which they derive")
    with connect(valkey_url.replace("redis://", "redis://restricted:any@")) as restricted, refused:
        check_server(restricted)


def test_a_server_that_is_far_away_is_named(server: redis.Redis) -> None:
    server.config_set("appendonly", "yes")
    clock = itertools.count(0.0, 0.05)  # each look at it is 50 ms later

    (warning,) = check_server(server, lambda: next(clock)).warnings

    assert "A round trip takes 50 ms" in warning


def test_nobody_there_is_unavailable() -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0") as client, pytest.raises(RedisUnavailable):
        check_server(client)


def test_what_we_may_not_do_is_said(server: redis.Redis, valkey_url: str) -> None:
    server.acl_setuser("restricted", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-ping"])
    refused = pytest.raises(GovernorError, match="refuses a command")
    with connect(valkey_url.replace("redis://", "redis://restricted:any@")) as restricted, refused:
        check_server(restricted)
