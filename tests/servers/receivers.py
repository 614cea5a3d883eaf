"""Starts a command that hears events, as its users do, and a run that waits for one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forebay.governor.states import Step
from tests.governor.driver import Lane
from tests.servers.processes import environment, stop, wait_until

FOREBAY = [sys.executable, "-c", "from forebay.cli.main import main; main()"]


@dataclass
class Receiver:
    """A process that hears, and what it says."""

    process: subprocess.Popen[str]
    out: Path
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def url(self) -> str:
        (line, *_) = self.out.read_text().splitlines()
        return line.removeprefix("listening on ")

    def end(self, number: int) -> int:
        """Sends a signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def receiver(folder: Path, *words: str, ready: str, **settings: str) -> Iterator[Receiver]:
    """Starts it; yields once it says `ready`."""
    out, log = folder / f"{words[0]}.out", folder / f"{words[0]}.log"
    with out.open("w") as output, log.open("w") as errors:
        process = subprocess.Popen(
            [*FOREBAY, *words], cwd=folder, env=environment(**settings), stdout=output, stderr=errors, text=True
        )
    try:
        one = Receiver(process, out, log)
        wait_until(lambda: ready in out.read_text() + one.said or process.poll() is not None, "it to be ready")
        assert process.poll() is None, one.said
        yield one
    finally:
        stop(process)


def running(lane: Lane, query_run: str) -> str:
    """Brings a run to `running`, with its next look in an hour."""
    lane.open(f"f-{query_run}", cap=9)
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.bind(custody, query_run, 3_600_000)
    return custody.run


def is_due(lane: Lane, run: str) -> bool:
    return lane.due_in_ms(Step.POLL, run) <= 0
