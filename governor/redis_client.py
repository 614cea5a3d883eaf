"""The Redis client that everything of ours uses, and the check that the server will not lose work."""

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from forebay.governor.errors import RedisUnsuitable
from forebay.governor.redis_errors import translated

#: Without a socket timeout one silently dead TCP path hangs a thread for ever.
SOCKET_TIMEOUT_S = 5.0


def connect(url: str) -> redis.Redis:
    """A client for our state: text replies, bounded waits, and two quick retries (every script may run twice)."""
    try:
        return redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=SOCKET_TIMEOUT_S,
            socket_keepalive=True,
            health_check_interval=15,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=2),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
    except ValueError:
        # Not from it: it quotes what it could not read, which may be a part of the password.
        raise RedisUnsuitable(
            "the Redis URL cannot be read: it is redis://[user:password@]host:port/database, "
            "and a password's special characters are percent-encoded"
        ) from None


def check_server(client: redis.Redis) -> list[str]:
    """Refuses a server that evicts keys; returns warnings about what it may lose.

    Raises `RedisUnavailable` and `RedisUnsuitable`.
    """
    with translated():
        client.ping()
        policy = _setting(client, "maxmemory-policy")
        appendonly = _setting(client, "appendonly")
    if policy not in (None, "noeviction"):
        raise RedisUnsuitable(
            f"Redis would evict keys when it is full (maxmemory-policy {policy}), which loses runs: "
            "set maxmemory-policy noeviction"
        )
    if appendonly == "no":
        return ["Redis keeps no append-only file: a restart forgets what runs at Stripe; set appendonly yes"]
    return []


def _setting(client: redis.Redis, name: str) -> str | None:
    """A server setting; None where the service does not let us read it, as managed ones often do."""
    try:
        value: str | None = client.config_get(name).get(name)
    except ResponseError:
        return None
    return value
