"""Looks at everything that Redis holds, and makes all of it older: what tests use instead of sleeping."""

from typing import Any

import redis
from redis.client import NEVER_DECODE

from forebay.governor.keys import KEY_OWNERS, LANES, WRITE_PROBE, host_report

# Every instant that a lane keeps is moved back, which is the same as moving Redis's clock forward.
_PASS_TIME = """
local ms, keeps_expiry = tonumber(ARGV[1]), ARGV[2] == '1'
for _, key in ipairs(redis.call('KEYS', 'fb:{*')) do
  local name = string.match(key, '}:(%a+)')
  if name == 'due' or name == 'slots' or name == 'ageing' or name == 'early' or name == 'unheard' then
    for _, run in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms, run) end
  elseif name == 'budgets' then
    for _, operation in ipairs(redis.call('HKEYS', key)) do redis.call('HINCRBYFLOAT', key, operation, -ms) end
  elseif name == 'cfg' or name == 'flow' or name == 'run' or name == 'feed' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      local instant = string.match(field, '_until$') or string.match(field, '_since$') or field == 'audited'
      if name == 'flow' then instant = instant or field == 'opened' or field == 'canceling' or field == 'done' end
      local of_run = ' granted sent unanswered submitted told polled planned ended '
      if name == 'run' then instant = string.find(of_run, ' ' .. field .. ' ', 1, true) end
      local of_feed = ' heard_events heard_webhooks sweep_at swept '
      if name == 'feed' then instant = string.find(of_feed, ' ' .. field .. ' ', 1, true) end
      if instant then redis.call('HINCRBY', key, field, -ms) end
    end
  elseif name == 'durations' then
    redis.call('HINCRBY', key, 'kept', -ms)
  end
  local left = redis.call('PTTL', key)
  if keeps_expiry then left = -1
  elseif left > ms then redis.call('PEXPIRE', key, left - ms) elseif left >= 0 then redis.call('DEL', key) end
end
"""


def pass_time(client: redis.Redis, ms: int) -> None:
    """Makes everything that Redis holds `ms` older."""
    client.eval(_PASS_TIME, 0, ms, 0)


def set_clock(client: redis.Redis, ms: int) -> None:
    """Makes every instant differ by so much from the server's time, as if that had been set: less than 0, back."""
    client.eval(_PASS_TIME, 0, ms, 1)


def snapshot(client: Any) -> dict[str, Any]:
    """Every key with its value: hashes and sorted sets as dicts, the packed states as bytes."""
    keys = sorted(client.keys("*"))
    types = _pipelined(client, [("TYPE", key) for key in keys])
    read = {
        "hash": lambda key: ("HGETALL", key),
        "zset": lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"),
        "list": lambda key: ("LRANGE", key, 0, -1),
        "set": lambda key: ("SMEMBERS", key),
        "string": lambda key: ("STRLEN", key),
    }
    kinds = dict(zip(keys, types, strict=True))
    values = dict(zip(keys, _pipelined(client, [read[kinds[key]](key) for key in keys]), strict=True))
    for key, kind in kinds.items():
        if kind == "zset":
            values[key] = dict(values[key])
        elif kind == "string":
            values[key] = client.execute_command("GET", key, **{NEVER_DECODE: []})
    return values


def expiring(client: Any) -> set[str]:
    """The keys that will go by themselves."""
    keys = sorted(client.keys("*"))
    return {
        key for key, left in zip(keys, _pipelined(client, [("PTTL", key) for key in keys]), strict=True) if left >= 0
    }


def everything(client: redis.Redis) -> tuple[dict[str, Any], set[str]]:
    """All that a stale call may not change: all but the count of stale calls."""
    values = snapshot(client)
    for key in [key for key in values if key.endswith(":stats")]:
        values[key] = {name: number for name, number in values[key].items() if name != "stale"}
        if not values[key]:
            del values[key]
    return values, expiring(client)


def keys_without_a_reason(client: redis.Redis) -> set[str]:
    """Keys that should be gone: of runs that nobody will look at, flows that settled, places without work."""
    held, going = snapshot(client), expiring(client)
    return {key for key in held if key not in (LANES, KEY_OWNERS) and not _has_reason(key, held, going)}


def _has_reason(key: str, held: dict[str, Any], going: set[str]) -> bool:
    if key == WRITE_PROBE or key.startswith(host_report("")):
        return key in going
    prefix, _, name = key.partition("}:")
    prefix += "}:"
    kind, _, of = name.partition(":")
    if kind in ("cfg", "stats", "totals", "budgets", "slots", "due", "feed"):
        return True
    if kind == "ghosts":
        return set(held[key]) <= set(held.get(f"{prefix}slots", {}))
    if kind == "query-runs":
        return all(_is_known(prefix, *member.split("|"), held) for member in held[key])
    if kind in ("waiting", "ageing"):
        return all(_has_work(prefix, member.rpartition("|")[2], held) for member in held[key])
    if kind in ("durations", "early", "unheard", "history"):
        return key in going
    if kind == "run":
        return sum(of in held.get(f"{prefix}due:{step}", {}) for step in ("submit", "poll", "download")) == 1
    if kind == "requeued":
        return _has_work(prefix, of, held)
    if kind in ("flow", "states"):
        return (key in going) == ("done" in held.get(f"{prefix}flow:{of}", {}))
    return False


def _is_known(prefix: str, query_run: str, run: str, held: dict[str, Any]) -> bool:
    record = held.get(f"{prefix}run:{run}", {})
    return (record.get("state"), record.get("query_run")) == ("running", query_run)


def _has_work(prefix: str, flow: str, held: dict[str, Any]) -> bool:
    """Tells whether runs of a flow wait; a test that ends before its flows are drained leaves such flows, and may."""
    record = held.get(f"{prefix}flow:{flow}", {})
    return int(record.get("next", 0)) < int(record.get("size", 0)) or f"{prefix}requeued:{flow}" in held


def _pipelined(client: Any, commands: list[tuple[Any, ...]]) -> list[Any]:
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    replies: list[Any] = pipeline.execute()
    return replies
