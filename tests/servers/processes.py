"""Starts and stops the processes that system tests need: the sandbox and workers, as a user would start them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: What a developer's or a CI's environment may hold, and no test should see.
FOREIGN = ("FOREBAY_", "STRIPE_", "SANDBOX_", "AWS_", "CELERY_")
#: For a sandbox that makes nobody wait for requests.
NO_LIMITS = ("--endpoint-rate-per-s", "0", "--global-rate-test-per-s", "0")
#: For one whose short runs are looked at at once: beside a list of events the first looks wait for what that may tell.
NO_EVENTS = ("--events", "forbidden")


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without settings of Forebay, plus the given ones."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**own, "AWS_EC2_METADATA_DISABLED": "true", **extra}


def wait_until(condition: Callable[[], object], what: str, *, deadline_s: float = 60) -> None:
    """Polls until the condition holds; fails with `what` at the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s:.0f} s: {what}"
        time.sleep(0.05)


def stop(process: subprocess.Popen[str], *, deadline_s: float = 30) -> None:
    """TERM, and KILL for one that does not listen."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs as a process of its own."""

    url: str
    pid: int


@contextlib.contextmanager
def serving(log: Path, module: str, *options: str) -> Iterator[Serving]:
    """Starts a module that serves on a free port, and says where in its first line."""
    command = [sys.executable, "-m", module, "--port", "0", *options]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment())
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert "listening on" in line, f"{module} did not start: {line}{log.read_text()}"
            yield Serving(line.split()[-1], process.pid)
        finally:
            stop(process)
            process.stdout.close()


@contextlib.contextmanager
def sandbox(log: Path, *options: str) -> Iterator[str]:
    """A local Stripe on a free port; yields its base URL."""
    with serving(log, "forebay.sandbox", *options) as served:
        yield served.url


def start_worker(log: Path, env: dict[str, str], *, queues: str = "submit,poll,download") -> subprocess.Popen[str]:
    """A Celery worker as its users start one. The caller stops it."""
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "-Q", queues, "-n", f"{log.stem}@%h"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    with log.open("a") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)


@contextlib.contextmanager
def workers(logs: list[Path], env: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Several workers, each for all queues."""
    started = [start_worker(log, env) for log in logs]
    try:
        yield started
    finally:
        for process in started:
            stop(process)
