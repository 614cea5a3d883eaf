"""Asks a Redis how much of its memory is used, for metrics: one that is full takes no writes, and nothing moves."""

from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from forebay.governor.redis_errors import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMemory:
    """Bytes of one server; of a Cluster, of one of its nodes."""

    used_bytes: int
    most_bytes: int
    """0: as much as the machine has."""


@translated()
def server_memory(client: Any) -> ServerMemory | None:
    """Reads it; None where a service refuses to say."""
    try:
        said = client.info("memory")
    except (NoPermissionError, ResponseError):
        return None
    return ServerMemory(used_bytes=int(said.get("used_memory", 0)), most_bytes=int(said.get("maxmemory", 0)))
