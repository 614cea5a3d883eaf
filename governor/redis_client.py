"""Connects to the Redis that everything of ours uses."""

from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

import redis
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from forebay.config.redis_server import RedisServer, read_redis_url
from forebay.governor import keys
from forebay.governor.errors import RedisUnsuitable, WritesRefused
from forebay.governor.redis_errors import translated
from forebay.governor.redis_forms import state_client


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


def connect(server: RedisServer | str, *, for_a_person: bool = False) -> Client:
    """Makes a client for our state: text replies, bounded waits, quick retries (every script may run twice).

    One `for_a_person`, who waits for it, gives up after seconds. Contacts nobody, unless it is a Cluster, whose nodes
    have to be found. Raises `RedisUnsuitable` for what is no URL, and `RedisUnavailable`.
    """
    if isinstance(server, str):
        try:
            server = read_redis_url(server)
        except ValueError as error:
            raise RedisUnsuitable(f"a Redis URL {error}") from None
    with translated():
        client: Client = state_client(server, for_a_person=for_a_person)
    return client


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
