"""Hears what scripts ring: that something of a lane is due sooner than pumps know (`lua/shared/bell.lua`).

Redis keeps nothing of it for who does not listen. So whoever listens is told when it begins, and whenever it begins
anew: what was rung before then is lost.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from forebay.governor.errors import RedisUnavailable
from forebay.governor.keys import BELL
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.states import Step

#: How soon whoever listens learns that it is to stop.
_LOOK_UP_S = 1.0
#: Looks in which the server does not answer whether it is there: five seconds, and the line is taken for dead.
_MOST_UNANSWERED = 5
#: Of a delay: more than any that a script writes, and a number that counts as seconds, too.
_MOST_DIGITS = 16


class Rung(NamedTuple):
    """Something of a step can be done in a lane after so long."""

    step: Step
    delay_ms: int
    lane: str


def listen(client: Client, stopping: Callable[[], bool]) -> Iterator[Rung | None]:
    """Yields what is rung, and None each time that it begins to hear. Raises `GovernorError` once it hears no more."""
    of_redis: Any = client
    with translated(), of_redis.pubsub() as heard:
        heard.subscribe(BELL)
        unanswered = 0
        while not stopping():
            message = heard.get_message(timeout=_LOOK_UP_S)
            unanswered = unanswered + 1 if message is None and heard.health_check_response_counter else 0
            if unanswered > _MOST_UNANSWERED:
                raise RedisUnavailable("Redis gives no answer where bells are heard")
            if message and message["type"] == "subscribe":
                yield None
            elif message and (rung := _rung(message["data"])):
                yield rung


def _rung(data: object) -> Rung | None:
    """Reads a message; None if it is none of ours, since whoever reaches Redis can publish."""
    parts = str(data).split(" ", 2)
    if len(parts) != 3 or parts[0] not in list(Step) or not parts[1].isdecimal() or len(parts[1]) > _MOST_DIGITS:
        return None
    return Rung(Step(parts[0]), int(parts[1]), parts[2])
