"""Loads `lua/*.lua`, puts the shared parts in front of each, and runs them by EVALSHA.

EVALSHA and not Redis Functions: the code is then versioned with the release, so two releases can run side by
side during a deploy, and nothing has to be loaded on each primary beforehand.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import redis
from redis.commands.core import Script
from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from forebay.governor.errors import GovernorError, LayoutMismatch, RedisUnavailable
from forebay.governor.keys import LAYOUT

#: What scripts take. Redis knows neither None nor bool: scripts get an empty string for None and False, 1 for True.
Argument = str | bytes | int | float | None

#: The parts that every script begins with, each using those before it.
SHARED = ("lane", "gates", "budgets", "limit", "fair", "slots", "moves", "durations")

#: What a server answers while it cannot write. redis-py takes the code off the text of those that it has a class for.
_CANNOT_WRITE = (OutOfMemoryError, ClusterDownError, MasterDownError, TryAgainError)
_CANNOT_WRITE_CODES = ("MISCONF", "BUSY", "NOREPLICAS")


@cache
def source(name: str) -> str:
    """The whole text of one script, as Redis gets it."""
    folder = files("forebay.governor") / "lua"
    parts = [*(f"shared/{part}" for part in SHARED), name]
    texts = [folder.joinpath(f"{part}.lua").read_text("utf-8") for part in parts]
    return "\n".join(texts).replace("$LAYOUT", str(LAYOUT))


class Scripts:
    """The scripts, bound to one Redis client. Thread safe, as the client is."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._loaded: dict[str, Script] = {}

    def run(self, name: str, keys: Sequence[str], args: Iterable[Argument]) -> Any:
        """Runs `lua/<name>.lua`.

        Raises `RedisUnavailable` when it is unknown whether the script ran: every script may be sent again.
        """
        script = self._loaded.get(name) or self._loaded.setdefault(name, self._client.register_script(source(name)))
        try:
            return script(keys=keys, args=[_sent(arg) for arg in args])
        except RedisError as error:
            raise translated(error) from error


def _sent(arg: Argument) -> str | bytes | int | float:
    return ("1" if arg else "") if arg is None or isinstance(arg, bool) else arg


def translated(error: RedisError) -> GovernorError:
    """Redis's exception as one of ours."""
    if "LAYOUT" in str(error):
        return LayoutMismatch(f"{error}: upgrade this worker, or let the newer release drain the lane")
    if isinstance(error, NoPermissionError):
        return GovernorError(f"Redis refuses a command that Forebay needs: {error}")
    transient = isinstance(error, RedisConnectionError | RedisTimeoutError | ReadOnlyError)
    if transient or not isinstance(error, ResponseError):
        return RedisUnavailable(f"Redis does not answer as it should ({type(error).__name__}): {error}")
    if isinstance(error, _CANNOT_WRITE) or str(error).startswith(_CANNOT_WRITE_CODES):
        return RedisUnavailable(f"Redis cannot write now: {error}")
    return GovernorError(f"a script failed, which is a bug: {error}")
