"""Keeps what came of each run: a line of JSON a run, in a file to which runs are only ever added."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "runs.jsonl"
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class FaultTally:
    """What a kind of fault did in one run, or in all."""

    times: int = 0
    touched: int = 0
    """Runs that were alive at Stripe while it lasted."""
    lost: int = 0
    doubled: int = 0
    standstill_s: float = 0.0
    """The longest time without progress that began while it lasted."""

    def add(self, other: "FaultTally") -> None:
        """Adds another run's."""
        self.times += other.times
        self.touched += other.touched
        self.lost += other.lost
        self.doubled += other.doubled
        self.standstill_s = max(self.standstill_s, other.standstill_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run of the command."""

    at: str
    revision: str
    seed: int
    seconds: float
    cap: int
    peak: int
    batches: int
    runs: int
    landed: int
    failed: int
    canceled: int
    standstill_s: float
    redis: str = "single"
    """In which form Redis was run."""
    beside: str = ""
    """The revision of which workers were beside ours; none: copies of this one."""
    slowdown: float | None = None
    """How many times slower than alone processes ran on this machine, on average; None: it was not measured."""
    explained: list[str] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, FaultTally] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, rule: str) -> int:
        """Counts violations of a rule."""
        return sum(violation["rule"] == rule for violation in self.violations)


def append(outcome: Outcome, path: Path = RESULTS) -> None:
    """Adds a run."""
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("a") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def read(path: Path = RESULTS) -> Iterator[Outcome]:
    """Reads all runs."""
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines:
        fields = json.loads(line)
        faults = {name: FaultTally(**tally) for name, tally in fields.pop("faults").items()}
        yield Outcome(**fields, faults=faults)


def revision() -> str:
    """Names the commit that ran, with `+` if something was not committed."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.stdout.strip() or "unknown"
