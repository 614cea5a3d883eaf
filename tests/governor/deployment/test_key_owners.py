"""Which connection works with a key: one of two that would make two lanes of one cap."""

from concurrent.futures import ThreadPoolExecutor

import redis

from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.key_owners import KeyOwners
from forebay.governor.governor import Governor
from forebay.governor.keys import KEY_OWNERS

KEY, NEW_KEY = "0011223344556677", "8899aabbccddeeff"


def busy(client: redis.Redis, lane: str) -> Governor:
    governor = Governor(client, lane)
    governor.configure(LaneLimits(cap=1, creates_per_s=1, retrieves_per_s=1, requests_per_s=1))
    governor.open_flow("b1", 1)
    return governor


def test_a_second_connection_is_told_of_the_first_while_that_has_work(valkey: redis.Redis) -> None:
    owners = KeyOwners(valkey)
    assert owners.claim(KEY, "acme") is None
    lane = busy(valkey, "acme:live:acct_1")
    assert owners.claim(KEY, "acme") is None
    assert owners.claim(KEY, "second") == "acme"
    lane.cancel("b1")
    assert owners.claim(KEY, "second") is None
    assert valkey.hgetall(KEY_OWNERS) == {KEY: "second"}


def test_a_connection_whose_name_begins_like_the_others_is_not_the_other(valkey: redis.Redis) -> None:
    owners = KeyOwners(valkey)
    owners.claim(KEY, "acme")
    busy(valkey, "acme-eu:live")
    assert owners.claim(KEY, "second") is None


def test_a_connection_goes_on_with_a_rotated_key_whatever_runs(valkey: redis.Redis) -> None:
    owners = KeyOwners(valkey)
    owners.claim(KEY, "acme")
    busy(valkey, "acme:live")
    assert owners.claim(NEW_KEY, "acme") is None
    assert owners.claim(NEW_KEY, "second") == "acme"


def test_of_many_that_claim_a_key_at_once_one_has_it(valkey: redis.Redis) -> None:
    names = [f"c{number}" for number in range(8)]
    for name in names:
        busy(valkey, f"{name}:live")
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda name: KeyOwners(valkey).claim(KEY, name), names))
    (owner,) = [name for name, other in zip(names, told, strict=True) if other is None]
    assert {other for other in told if other} == {owner}
