"""Who is alive, and for how long that is believed."""

import redis

from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.keys import alive


def test_a_node_is_alive_for_as_long_as_it_said(client: redis.Redis) -> None:
    heartbeats = Heartbeats(client)
    heartbeats.beat("one", 15)
    assert (heartbeats.is_alive("one"), heartbeats.is_alive("two")) == (True, False)
    assert 0 < client.ttl(alive("one")) <= 15
    client.delete(alive("one"))
    assert not heartbeats.is_alive("one")


def test_nodes_are_listed_by_name(client: redis.Redis) -> None:
    for node in ("two", "one", "beat@one"):
        Heartbeats(client).beat(node, 15)
    assert Heartbeats(client).alive() == ["beat@one", "one", "two"]
    client.delete(*map(alive, ("one", "two", "beat@one")))
