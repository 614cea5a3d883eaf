"""Asks a Redis whether it is one and lets us in, before anything is begun: one question, seconds, and a sentence.

A client of ours is patient, since what it does may be half done. A URL that leads to nothing would so take most of a
minute to be told, and then in the words of a library.
"""

import contextlib
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    RedisClusterException,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError

from forebay.config.redis_server import RedisForm, RedisServer
from forebay.governor.cluster_client import ClusterClient
from forebay.governor.errors import NotConnected, RedisUnavailable
from forebay.governor.redis_errors import without_primary
from forebay.governor.redis_forms import cluster_options, pool

#: Between two regions a connection with TLS takes half a second.
PATIENCE_S = 3.0


def greet(server: RedisServer) -> None:
    """Returns once the server has let us in. Raises `NotConnected`, and `RedisUnavailable` for one that still loads."""
    brief = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S, "retry": Retry(NoBackoff(), 0)}
    try:
        with contextlib.closing(_client(server, brief)) as client:
            client.ping()
    except BusyLoadingError as error:
        raise RedisUnavailable(f"Redis at {server.shown} is still loading its data: try again in a moment") from error
    except (RedisError, RedisClusterException) as error:
        raise NotConnected(_sentence(server, error)) from error


def _client(server: RedisServer, brief: dict[str, Any]) -> Any:
    if server.form is RedisForm.CLUSTER:
        nodes = [ClusterNode(host, port) for host, port in server.hosts]  # type: ignore[no-untyped-call]
        return ClusterClient(startup_nodes=nodes, **{**cluster_options(server), **brief})
    return redis.Redis.from_pool(pool(server, **brief))


def _sentence(server: RedisServer, error: Exception) -> str:
    where = f"Redis at {server.shown}"
    if isinstance(error, AuthenticationError) or str(error).startswith(("NOAUTH", "WRONGPASS")):
        return f"{where} does not let us in: user or password are wrong or missing"
    if isinstance(error, MasterNotFoundError):
        return without_primary(error, f"the sentinels at {server.shown}")
    if isinstance(error, InvalidResponse):
        return f"what answers at {server.shown} is no Redis"
    if isinstance(error, ResponseError) and "DB index" in str(error):
        return f"{where} has no database {server.database}"
    if isinstance(error, ResponseError):
        return f"{where} refuses to be used: {error}"
    if isinstance(error, RedisTimeoutError):
        return f"nobody at {server.shown} answers as a Redis would, within {PATIENCE_S:.0f} s"
    if isinstance(error, RedisConnectionError) and "closed by server" in str(error):
        tls = (
            "without TLS (redis:// instead of rediss://)" if server.tls else "with TLS (rediss:// instead of redis://)"
        )
        return f"what listens at {server.shown} hangs up: no Redis, or one {tls}"
    return f"{where} cannot be reached: {error}"
