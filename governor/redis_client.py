"""Connects to the Redis that everything of ours uses, and asks its server whether it will lose work."""

from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from forebay.governor import keys
from forebay.governor.errors import RedisUnsuitable, WritesRefused
from forebay.governor.redis_errors import translated

#: Without a socket timeout one silently dead TCP path hangs a thread for ever.
SOCKET_TIMEOUT_S = 5.0


class Client(Protocol):
    """A connection as everybody outside of this package sees it: to be handed on, and closed.

    What Redis holds is read and changed by the classes of this package alone, which translate its exceptions.
    """

    def close(self) -> None:
        """Gives the connections back."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def connect(url: str) -> Client:
    """Makes a client for our state: text replies, bounded waits, two quick retries (every script may run twice).

    Contacts nobody. Raises `RedisUnsuitable` for what is no URL.
    """
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


def ping(client: Any) -> None:
    """Raises `RedisUnavailable` unless the server answers, be it that it cannot write."""
    with suppress(WritesRefused), translated():
        client.ping()


@translated()
def check_writes(client: Any) -> None:
    """Raises `WritesRefused`, or what else keeps the server from writing. Reading may go well for days meanwhile."""
    client.set(keys.WRITE_PROBE, "1", px=1000)


@translated()
def is_connected(client: Any, name: str) -> bool:
    """Says whether somebody is connected who gave this `client_name` in the URL."""
    return any(each.get("name") == name for each in client.client_list())


def shut_down(url: str) -> bool:
    """Asks a server to end; False when there is none any more, or a stranger has its port."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2) as client:
            client.ping()
            client.shutdown()
    except AuthenticationError:
        return False
    except RedisConnectionError as error:
        return "refused" not in str(error)
    except RedisError:
        return True  # loading, or busy: it cannot go yet
    return True


def check_server(client: Any) -> list[str]:
    """Refuses a server that evicts keys; returns warnings about what it may lose.

    Raises `RedisUnavailable`, `RedisUnsuitable`, and `WritesRefused` if nothing else is wrong.
    """
    ping(client)
    with translated():
        policy = _setting(client, "maxmemory-policy")
        appendonly = _setting(client, "appendonly")
    if policy not in (None, "noeviction"):
        raise RedisUnsuitable(
            f"Redis would evict keys when it is full (maxmemory-policy {policy}), which loses runs: "
            "set maxmemory-policy noeviction"
        )
    check_writes(client)
    if appendonly == "no":
        return ["Redis keeps no append-only file: a restart forgets what runs at Stripe; set appendonly yes"]
    return []


def _setting(client: Any, name: str) -> str | None:
    """Reads a server setting; None where the service does not let us read it, as managed ones often do."""
    try:
        value: str | None = client.config_get(name).get(name)
    except ResponseError:
        return None
    return value
