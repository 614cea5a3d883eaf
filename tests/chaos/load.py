"""Makes the queries of a run, and computes from a query's text alone what must land: no part of the product is asked.

Each text is unique, so the sandbox's list of runs tells how often each was executed.
"""

import random
import re
from dataclasses import dataclass

_ROWS = re.compile(r"n \* 7919 \+ (\d+) AS .*sequence\(1, (\d+)\)")
_PULSE = re.compile(r"SELECT 'pulse' AS name, TIMESTAMP '([0-9: -]{19})[^']*' AS began")
_FAIL = re.compile(r"-- sandbox:.*\bfail=(\w+)")

#: What a query is told to fail of → the class that its failure must have. The same words twice are the query's fault.
OWN_REASONS = {"query_run_invalid_sql": "sql", "file_size_above_limit": "too_big", "internal_error": "sql"}

#: Rows of most results, of those that the download step lands, and of those that S3 takes in parts.
FEW, MANY, PARTS = 100, 5_000, 420_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What must become of a query."""

    csv: bytes | None = None
    """Its result, byte for byte."""
    failure: str | None = None
    """Or the class of its failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How the queries of a run are drawn."""

    mean_s: float = 1.2
    """Of a run's time at Stripe; it varies by half."""
    large: float = 0.04
    """The share that the download step lands."""
    parts: float = 0.002
    """The share that is uploaded in parts."""
    failing: float = 0.02
    """The share that must fail."""
    on_disk: float = 0.5
    """The share of batches whose results land in a folder, and not in S3."""

    def queries(self, prefix: str, count: int, dice: random.Random) -> list[dict[str, str]]:
        """Draws rows for an `.ndjson` file; `prefix` makes the texts unique."""
        return [{"name": f"q{number:04d}", "sql": self._sql(f"{prefix}.{number}", dice)} for number in range(count)]

    def _sql(self, unique: str, dice: random.Random) -> str:
        kind = dice.random()
        rows = PARTS if kind < self.parts else MANY if kind < self.parts + self.large else 1 + dice.randrange(FEW)
        seconds = self.mean_s * dice.uniform(0.5, 1.5)
        fails = f" fail={dice.choice([*OWN_REASONS])}" if dice.random() < self.failing else ""
        return (
            f"SELECT n, n * 7919 + {dice.randrange(10**6)} AS product, 'row ' || CAST(n AS varchar) AS word "
            f"FROM UNNEST(sequence(1, {rows})) AS t(n) ORDER BY n -- {unique}\n"
            f"-- sandbox: duration={seconds:.3f}{fails}"
        )


def owed(sql: str) -> Owed:
    """Computes what must become of a query of ours; raises ValueError for a text that is none."""
    if fails := _FAIL.search(sql):
        return Owed(failure=OWN_REASONS[fails[1]])
    if rows := _ROWS.search(sql):
        salt, count = int(rows[1]), int(rows[2])
        lines = [f"{n},{n * 7919 + salt},row {n}" for n in range(1, count + 1)]
        return Owed(csv="\n".join(["n,product,word", *lines, ""]).encode())
    if pulse := _PULSE.search(sql):
        return Owed(csv=f"name,began\npulse,{pulse[1]}\n".encode())
    raise ValueError(f"nobody of ours wrote {sql!r}")
