"""Says what keeps a supervisor alive: work that is not finished, and people who watch it."""

from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.redis_client import Client, is_connected
from forebay.governor.view import View

#: Commands call themselves this in Redis, so that the supervisor can count them.
CLIENT_NAME = "forebay-command"


def unfinished(client: Client) -> bool:
    """Says whether any run waits, holds a slot or has still to land, or a batch has still to be closed."""
    view = View(client)
    lanes = view.lanes()
    return any(map(view.is_busy, lanes)) or any(_can_move(view, lanes, batch) for batch in ClosingQueue(client).all())


def _can_move(view: View, lanes: list[str], batch: str) -> bool:
    """Says whether its closer may do something by itself: one that was paused waits for a person."""
    flows = [flow for lane in lanes if (flow := view.flow(lane, batch))]
    return bool(flows) and (all(flow.done for flow in flows) or not any(flow.paused for flow in flows))


def attached(client: Client) -> bool:
    """Says whether a command is connected. The kernel closes the connections of one that was killed."""
    return is_connected(client, CLIENT_NAME)


def as_command(url: str) -> str:
    """Gives the URL with which a command connects."""
    return f"{url}?client_name={CLIENT_NAME}"
