"""Starts two Celery worker processes: the same for both contenders that have any."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servers.processes import stop

THREADS = 16


@contextlib.contextmanager
def two_workers(app: str, folder: Path, env: dict[str, str]) -> Iterator[None]:
    """Runs them for as long as the block lasts, and waits for their ends, so that their CPU seconds are counted."""
    started = [_start(app, folder / f"worker{number}.log", env) for number in (1, 2)]
    try:
        yield
    finally:
        for process in started:
            stop(process)


def _start(app: str, log: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-P", "threads", "-c", str(THREADS)]
    command += ["-n", f"{log.stem}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--loglevel", "WARNING"]
    if app == "worker":
        command += ["-Q", "submit,poll,download"]
    with log.open("w") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)
