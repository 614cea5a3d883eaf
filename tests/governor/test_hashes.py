"""Hashes as scripts see them (`lua/shared/hashes.lua`): answered as by Redis, and the same hashes in the end."""

import json
from importlib.resources import files
from typing import Any

import redis
from hypothesis import example, given
from hypothesis import strategies as st

HASHES = files("forebay.governor").joinpath("lua", "shared", "hashes.lua").read_text("utf-8")

#: Carries out commands, and gives what each was answered: through the copies, or by the server itself.
THROUGH_COPIES = (
    HASHES
    + """
local replies = {}
for at, command in ipairs(cjson.decode(ARGV[1])) do replies[at] = redis.call(unpack(command)) end
write_back()
return cjson.encode(replies)
"""
)
BY_THE_SERVER = """
local replies = {}
for at, command in ipairs(cjson.decode(ARGV[1])) do replies[at] = redis.call(unpack(command)) end
return cjson.encode(replies)
"""

KEY = st.sampled_from(["{h}:a", "{h}:b"])
FIELD = st.sampled_from(["f", "g", "h"])
NUMBER = st.one_of(st.integers(-(10**9), 10**9), st.integers(10**15, 10**15 + 9))
COMMAND = st.one_of(
    st.tuples(st.just("HGET"), KEY, FIELD),
    st.tuples(st.just("HMGET"), KEY, FIELD, FIELD),
    st.tuples(st.just("HSET"), KEY, FIELD, NUMBER),
    st.tuples(st.just("HSET"), KEY, st.just("f"), NUMBER, st.just("g"), NUMBER),
    st.tuples(st.just("HSETNX"), KEY, FIELD, NUMBER),
    st.tuples(st.just("HDEL"), KEY, FIELD),
    st.tuples(st.just("HEXISTS"), KEY, FIELD),
    st.tuples(st.just("HINCRBY"), KEY, FIELD, st.integers(-9, 9)),
    st.tuples(st.just("EXISTS"), KEY),
    st.tuples(st.just("DEL"), KEY),
    st.tuples(st.just("PEXPIRE"), KEY, st.just(10**6)),
    st.tuples(st.just("PERSIST"), KEY),
)


def told(client: redis.Redis, script: str, commands: list[tuple[Any, ...]], there: dict[str, int]) -> tuple[Any, ...]:
    """What a script is answered, and what is there afterwards."""
    client.flushdb()
    if there:
        client.hset("{h}:a", mapping=there)
    replies = json.loads(client.eval(script, 0, json.dumps(commands)))
    keys = ("{h}:a", "{h}:b")
    return replies, [client.hgetall(key) for key in keys], [client.ttl(key) > 0 for key in keys]


#: A hash whose last field goes is gone, with its time to live.
EMPTIED = [("HSET", "{h}:a", "h", 0), ("PEXPIRE", "{h}:a", 10**6), ("HDEL", "{h}:a", "h"), ("HSET", "{h}:a", "f", 0)]


@example(commands=EMPTIED, there={})
@given(commands=st.lists(COMMAND, min_size=1, max_size=12), there=st.dictionaries(FIELD, NUMBER))
def test_answers_and_outcome_are_those_of_redis(
    shared_valkey: redis.Redis, commands: list[tuple[Any, ...]], there: dict[str, int]
) -> None:
    through_copies = told(shared_valkey, THROUGH_COPIES, commands, there)
    assert through_copies == told(shared_valkey, BY_THE_SERVER, commands, there)


def calls(client: redis.Redis) -> dict[str, int]:
    told = client.info("commandstats")
    return {name: stats["calls"] for name, stats in told.items() if name.startswith("cmdstat_h")}


def test_a_hash_costs_two_commands_however_often_it_is_asked_and_written(valkey: redis.Redis) -> None:
    valkey.hset("{h}:a", mapping={"f": 1, "g": 2})
    commands = [["HGET", "{h}:a", "f"], ["HINCRBY", "{h}:a", "f", 3], ["HSET", "{h}:a", "h", 5], ["HGET", "{h}:a", "g"]]
    before = calls(valkey)
    replies = json.loads(valkey.eval(THROUGH_COPIES, 0, json.dumps(commands)))

    assert replies == ["1", 4, 1, "2"]
    new = {name: count - before.get(name, 0) for name, count in calls(valkey).items() if count != before.get(name, 0)}
    assert new == {"cmdstat_hgetall": 1, "cmdstat_hset": 1}
    assert valkey.hgetall("{h}:a") == {"f": "4", "g": "2", "h": "5"}
    valkey.delete("{h}:a")


def test_what_does_not_change_is_not_written(valkey: redis.Redis) -> None:
    valkey.hset("{h}:a", "f", 1)
    before = calls(valkey)

    valkey.eval(THROUGH_COPIES, 0, json.dumps([["HSET", "{h}:a", "f", 1], ["HDEL", "{h}:a", "g"]]))

    assert calls(valkey) == before | {"cmdstat_hgetall": before.get("cmdstat_hgetall", 0) + 1}
    valkey.delete("{h}:a")
