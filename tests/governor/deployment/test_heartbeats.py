"""Who is alive, and for how long that is believed."""

import redis

from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.keys import alive, stuck


def test_a_node_is_alive_for_as_long_as_it_said(client: redis.Redis) -> None:
    heartbeats = Heartbeats(client)
    heartbeats.beat("one", 15)
    assert (heartbeats.is_alive("one"), heartbeats.is_alive("two")) == (True, False)
    assert 0 < client.ttl(alive("one")) <= 15
    client.delete(alive("one"))
    assert not heartbeats.is_alive("one")


def test_a_word_that_a_clock_set_back_would_keep_for_long_is_not_believed(client: redis.Redis) -> None:
    heartbeats = Heartbeats(client)
    heartbeats.beat("dead", 15)
    heartbeats.beat("lives", 15)
    client.pexpire(alive("dead"), 600_000 + 15_000)
    assert (heartbeats.is_alive("dead"), heartbeats.alive()) == (False, ["lives"])
    client.delete(alive("dead"), alive("lives"))


def test_what_keeps_a_node_is_told_for_a_while_and_not_taken_for_life(client: redis.Redis) -> None:
    heartbeats = Heartbeats(client)
    assert heartbeats.trouble("one") is None
    heartbeats.complain("one", "none of its threads has got on", 15)
    assert heartbeats.trouble("one") == "none of its threads has got on"
    assert (heartbeats.trouble("two"), heartbeats.alive()) == (None, [])
    assert 0 < client.ttl(stuck("one")) <= 15
    client.delete(stuck("one"))


def test_nodes_are_listed_by_name(client: redis.Redis) -> None:
    for node in ("two", "one", "beat@one"):
        Heartbeats(client).beat(node, 15)
    assert Heartbeats(client).alive() == ["beat@one", "one", "two"]
    client.delete(*map(alive, ("one", "two", "beat@one")))
