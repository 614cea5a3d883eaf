"""What keeps a supervisor alive: work that is not finished, and people who look at it."""

import redis

from forebay.config.standing import FlowClass
from forebay.governor.closing_queue import ClosingQueue
from forebay.governor.governor import Governor
from forebay.governor.states import Step
from forebay.governor.view import View

#: Commands call themselves this in Redis, so that the supervisor can count them.
CLIENT_NAME = "forebay-command"


def unfinished(client: redis.Redis) -> bool:
    """Whether any run waits, holds a slot or has still to land, or a batch has still to be closed."""
    lanes = View(client).lanes()
    return any(_busy(client, lane) for lane in lanes) or any(
        _can_move(client, lanes, batch) for batch in ClosingQueue(client).all()
    )


def _can_move(client: redis.Redis, lanes: list[str], batch: str) -> bool:
    """Whether its closer may do something by itself: one that was paused waits for a person."""
    flows = [flow for lane in lanes if (flow := View(client).flow(lane, batch))]
    return bool(flows) and (all(flow.done for flow in flows) or not any(flow.paused for flow in flows))


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
