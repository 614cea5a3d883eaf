"""Runs a contender of a bench as a group of processes of its own, which is ended with the block."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.peers.job import Job
from tests.servers.processes import environment


@contextlib.contextmanager
def contending(name: str, job: Job, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Starts it on a job; says what its log ends with if it fails."""
    job.save(folder / "job.json")
    command = [sys.executable, "-m", f"bench.peers.{name}", str(folder / "job.json")]
    env = environment(BENCH_JOB=str(folder / "job.json"))
    with (folder / "contender.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
    if process.returncode > 0:
        sys.stderr.write(f"{name} failed:\n{(folder / 'contender.log').read_text()[-2000:]}\n")
