"""Asks a Redis what it is and whether it will lose work: for workers when they start, and for `forebay doctor`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from forebay.governor import keys
from forebay.governor.errors import GovernorError, RedisUnavailable, RedisUnsuitable
from forebay.governor.redis_client import check_writes, ping
from forebay.governor.redis_errors import translated
from forebay.governor.scripts import Scripts

#: ZRANGE by score in both directions, ZADD's GT and SET's KEEPTTL came by then; kombu wants it too.
OLDEST = (6, 2)
#: A step waits for some six round trips; at 500 runs and 20 ms that is a minute of waiting a second.
SLOW_MS = 20.0
_ROUND_TRIPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """What a server is, and what it may lose."""

    name: str
    """With its version; `Redis` where the service does not say."""
    round_trip_ms: float
    """The quickest of some."""
    warnings: list[str]


def check_server(client: Any, monotonic_s: Callable[[], float] = time.monotonic) -> ServerReport:
    """Refuses a server on which work would be lost, or that cannot do what scripts ask for.

    Raises `RedisUnavailable`, `RedisUnsuitable`, and `WritesRefused` if nothing else is wrong.
    """
    ping(client)
    with translated():
        information = _information(client)
        policy, appendonly = _setting(client, "maxmemory-policy"), _setting(client, "appendonly")
    _check_version(information)
    if policy not in (None, "noeviction"):
        raise RedisUnsuitable(
            f"Redis would evict keys when it is full (maxmemory-policy {policy}), which loses runs: "
            "set maxmemory-policy noeviction"
        )
    _check_derived_keys(client)
    check_writes(client)
    quickest_ms = _round_trip_ms(client, monotonic_s)
    return ServerReport(
        name=_name(information),
        round_trip_ms=quickest_ms,
        warnings=[*_warnings(information, policy, appendonly, quickest_ms), *_deafness(client)],
    )


def _warnings(
    information: dict[str, Any], policy: str | None, appendonly: str | None, round_trip_ms: float
) -> Iterator[str]:
    if appendonly == "no":
        yield "Redis keeps no append-only file: a restart forgets what runs at Stripe; set appendonly yes."
    if policy is None:
        yield "This Redis does not show its settings: see to it that maxmemory-policy is noeviction, and appendonly on."
    if not information:
        yield "This Redis refuses INFO: that it was emptied is noticed, that it was put back is not."
    if round_trip_ms > SLOW_MS:
        yield f"A round trip takes {round_trip_ms:.0f} ms: run workers nearer to Redis."


@translated()
def _deafness(client: Any) -> list[str]:
    try:
        client.publish(keys.BELL, "")  # which whoever listens passes over
    except NoPermissionError:
        return [
            f"This user may not use the channel {keys.BELL}, so workers ask for work all the time instead: "
            f"give it &{keys.BELL}."
        ]
    return []


def _check_version(information: dict[str, Any]) -> None:
    if "valkey_version" in information or "redis_version" not in information:
        return  # each Valkey is new enough, and others name the Redis that they are like
    version = str(information["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise RedisUnsuitable(f"this is Redis {version}, and Forebay needs {oldest} or newer, or Valkey")


def _check_derived_keys(client: Any) -> None:
    try:
        Scripts(client).run("standalone/derive_key", [keys.DERIVING_PROBE], [])
    except RedisUnavailable:
        raise
    except GovernorError as error:
        raise RedisUnsuitable(
            "Redis refuses scripts that touch keys which they derive, as serverless offers do, and lanes need them: "
            f"use a Redis or Valkey that is a server of your own ({error})"
        ) from error


def _round_trip_ms(client: Any, monotonic_s: Callable[[], float]) -> float:
    taken_s = []
    for _ in range(_ROUND_TRIPS):
        begun_s = monotonic_s()
        ping(client)
        taken_s.append(monotonic_s() - begun_s)
    return 1000 * min(taken_s)


def _name(information: dict[str, Any]) -> str:
    if "valkey_version" in information:
        return f"Valkey {information['valkey_version']}"
    return f"Redis {information['redis_version']}" if "redis_version" in information else "Redis"


def _information(client: Any) -> dict[str, Any]:
    """Reads what the server says of itself; empty where it refuses to."""
    try:
        said: dict[str, Any] = client.info("server")
    except (NoPermissionError, ResponseError):
        return {}
    return said


def _setting(client: Any, name: str) -> str | None:
    """Reads a server setting; None where the service does not let us read it, as managed ones often do."""
    try:
        value: str | None = client.config_get(name).get(name)
    except ResponseError:
        return None
    return value
