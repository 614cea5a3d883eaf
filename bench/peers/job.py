"""Reads what a contender is given, and writes what it has to say: a JSON file in, lines of JSON out.

A contender notes for each query when it noticed the end and when the result was on its disk. All else is counted by
the sandbox, so that no contender is judged by its own word.
"""

import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import urlopen

from pydantic import TypeAdapter

from bench.telling import Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. Everybody is told the cap and the limits: the bench is about work, not about knowledge."""

    url: str
    key: str
    redis_url: str
    folder: str
    queries: list[str]
    warm_up: list[str]
    cap: int
    endpoint_per_s: float
    all_per_s: float
    polls_per_s: float
    rate_per_s: float
    """What Forebay is allowed of creates, and of retrieves."""
    telling: Telling
    webhook_port: int
    api_version: str = "2026-04-22.preview"

    @property
    def creates_per_s(self) -> float:
        """Stays a tenth below the limit, as somebody who wants no 429 would set it."""
        return 0.9 * self.endpoint_per_s

    @property
    def poll_s(self) -> float:
        """Spaces looks so that all slots together stay a tenth below those that the limits leave."""
        return self.cap / (0.9 * self.polls_per_s)

    def save(self, path: Path) -> None:
        """Writes the job to a file."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: str | Path) -> "Job":
        """Reads it back."""
        return TypeAdapter(cls).validate_json(Path(path).read_bytes())

    @classmethod
    def of_this_process(cls) -> "Job":
        """Reads the job that this process was started with."""
        return cls.load(sys.argv[1])

    def fetch(self, number: int, url: str) -> None:
        """Downloads a result the plain way."""
        with urlopen(url, timeout=30) as answer:  # noqa: S310 # the sandbox's own URL, on loopback
            (Path(self.folder) / f"{number}.csv").write_bytes(answer.read())

    def note(self, number: int, *, noticed: float, landed: float | None = None, error: str | None = None) -> None:
        """Writes one line a query. A file for each process, each line one write: nobody waits for anybody."""
        line = {"number": number, "noticed": noticed, "landed": landed, "error": error}
        with (Path(self.folder) / f"notes-{os.getpid()}.jsonl").open("a") as notes:
            notes.write(json.dumps(line) + "\n")

    def landed(self) -> int:
        """Counts the queries that have been noted so far."""
        return sum(len(notes.read_text().splitlines()) for notes in Path(self.folder).glob("notes-*.jsonl"))


class Pace:
    """Spaces calls of many threads evenly: what a careful user puts before his creates."""

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1 / per_s
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Waits for this caller's turn."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._interval_s
        time.sleep(at - now)
