"""Makes the connections to a Redis in whichever form it is run: one server, behind sentinels, a Cluster; with TLS.

The client of our state (`redis_client.py`) and the broker's channels (`worker/hints.py`) are made from this alike, so
what finds a primary, or checks a certificate, does it for both.
"""

import ssl
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from forebay.config.redis_server import RedisForm, RedisServer
from forebay.governor.cluster_client import ClusterClient

#: Without a socket timeout one silently dead TCP path hangs a thread for ever.
SOCKET_TIMEOUT_S = 5.0
#: What people wait for is told sooner: a try and one more come to four seconds.
PERSONS_TIMEOUT_S = 2.0
#: Sentinels are asked one after the other, and one that is gone must not take the time of all.
SENTINEL_TIMEOUT_S = 1.0


def state_client(server: RedisServer, *, for_a_person: bool = False) -> Any:
    """Makes a client for our state: text replies, bounded waits, quick retries (every script may run twice).

    One `for_a_person`, who waits for it, gives up after seconds.
    """
    timeout_s, retries = (PERSONS_TIMEOUT_S, 1) if for_a_person else (SOCKET_TIMEOUT_S, 2)
    options: dict[str, Any] = {
        "decode_responses": True,
        "health_check_interval": 15,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=retries),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError],
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
    if server.form is RedisForm.CLUSTER:
        nodes = [ClusterNode(host, port) for host, port in server.hosts]  # type: ignore[no-untyped-call]
        del options["retry_on_error"]  # a Cluster's client follows its nodes by itself
        return ClusterClient(startup_nodes=nodes, **{**cluster_options(server), **options})
    return redis.Redis.from_pool(pool(server, **options))


def cluster_options(server: RedisServer) -> dict[str, Any]:
    """Gives what each connection to a node of the Cluster is made with."""
    tls = {"ssl": True, **_certificates(server)} if server.tls else {}
    return {**_who(server), **_bounds(), **tls}


def pool(
    server: RedisServer, *, on_disconnect: Callable[[Any], None] | None = None, **options: Any
) -> redis.ConnectionPool:
    """Makes a pool of connections to the server, or to the primary that its sentinels name. Contacts nobody.

    `on_disconnect` is told of each connection that is closed.
    """
    kind = _connection_class(server)
    kind = _telling(kind, on_disconnect) if on_disconnect else kind
    options = {**_who(server), "db": server.database, "connection_class": kind, **options}
    if server.form is RedisForm.SOCKET:
        options.pop("socket_connect_timeout", None)
        return redis.ConnectionPool(path=server.path, **{"socket_timeout": SOCKET_TIMEOUT_S, **options})
    options = {**_bounds(), **(_certificates(server) if server.tls else {}), **options}
    if server.form is RedisForm.SENTINEL:
        return SentinelConnectionPool(server.primary, _sentinels(server), **options)  # type: ignore[no-untyped-call]
    ((host, port),) = server.hosts
    return redis.ConnectionPool(host=host, port=port, **options)


def broker_client(server: RedisServer, **options: Any) -> Any:
    """Makes a client of the server that messages go through. Contacts nobody."""
    return redis.Redis(connection_pool=pool(server, **options))


def _sentinels(server: RedisServer) -> Sentinel:
    asking: dict[str, Any] = {
        "socket_timeout": SENTINEL_TIMEOUT_S,
        "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        "password": server.sentinel_password,
        "retry": None,
    }
    if server.tls:
        asking |= {"ssl": True, **_certificates(server)}
    return Sentinel(server.hosts, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]


def _connection_class(server: RedisServer) -> type:
    if server.form is RedisForm.SOCKET:
        return redis.UnixDomainSocketConnection
    if server.form is RedisForm.SENTINEL:
        return SentinelManagedSSLConnection if server.tls else SentinelManagedConnection
    return _leaving(redis.SSLConnection if server.tls else redis.Connection)


def _leaving(kind: type) -> type:
    """Makes a connection that ends when its server says that it is no primary any more.

    Connecting anew finds the server that its name leads to by now; the old connection would be READONLY for ever.
    """

    class Leaving(kind):  # type: ignore[misc]  # a class that is chosen as it runs
        def read_response(self, *args: Any, **named: Any) -> Any:
            """Reads as its base does."""
            try:
                return super().read_response(*args, **named)
            except ReadOnlyError:
                self.disconnect()
                raise RedisConnectionError("the server was demoted: it is a replica by now") from None

    return Leaving


def _telling(kind: type, on_disconnect: Callable[[Any], None]) -> type:
    class Telling(kind):  # type: ignore[misc]  # a class that is chosen as it runs
        def disconnect(self, *args: Any, **named: Any) -> None:
            """Disconnects as its base does, and says so."""
            super().disconnect(*args, **named)
            on_disconnect(self)

    return Telling


def _who(server: RedisServer) -> dict[str, Any]:
    return {"username": server.username, "password": server.password, "client_name": server.client_name}


def _bounds() -> dict[str, Any]:
    return {
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
        "socket_keepalive": True,
    }


def _certificates(server: RedisServer) -> dict[str, Any]:
    files = {
        "ssl_ca_certs": server.files.ca,
        "ssl_certfile": server.files.certificate,
        "ssl_keyfile": server.files.key,
    }
    given = {name: str(path) for name, path in files.items() if path}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **given}
