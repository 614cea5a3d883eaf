"""What keeps a supervisor alive: work that is not finished, and people who look at it."""

import redis

from governor.governor import Governor
from governor.states import FlowClass, Step
from governor.view import View

#: Commands call themselves this in Redis, so that the supervisor can count them.
CLIENT_NAME = "forebay-command"


def unfinished(client: redis.Redis) -> bool:
    """Whether any run waits, holds a slot or has still to land."""
    return any(_busy(client, lane) for lane in View(client).lanes())


def _busy(client: redis.Redis, lane: str) -> bool:
    keys = Governor(client, lane).keys
    pipeline = client.pipeline(transaction=False)
    for key in (*map(keys.waiting, FlowClass), keys.slots, *map(keys.due, Step)):
        pipeline.exists(key)
    return any(pipeline.execute())


def attached(client: redis.Redis) -> bool:
    """Whether a command is connected. The kernel closes the connections of one that was killed."""
    return any(each.get("name") == CLIENT_NAME for each in client.client_list())


def as_command(url: str) -> str:
    """The URL with which a command connects."""
    return f"{url}?client_name={CLIENT_NAME}"
