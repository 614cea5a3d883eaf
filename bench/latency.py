"""Measures what one person feels: one query of 5 s, from its end at Stripe to the file on disk, by how ends are told.

    python -m bench.latency [--times 30] [--told looks,events:1,webhooks:0.3] [--seconds 5]

Each way has a sandbox, a Valkey and two workers of its own, and runs the query so many times, one after the other. The
end is the moment that Stripe's event names as its `created`, by the sandbox's clock; the file's is in its manifest.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from bench.figures import table
from bench.judge import every_run, requests_made
from bench.peers.hearing import hearing, webhook_url
from bench.peers.workers import two_workers
from bench.scenario import SEED
from bench.telling import Telling
from forebay.store.ledger.records import Item
from tests.servers.processes import sandbox
from tests.servers.valkey import free_port, valkey_server
from tests.system.deployment import Deployment, configured

TIMES, SECONDS = 30, 5.0
#: Runs that come first: how long the query takes is learned from a handful.
LEARNING = 6
#: Between two runs, so that no rhythm of ours meets one of theirs.
MOST_PAUSE_S = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What came of one way."""

    telling: Telling
    waits_s: Sequence[float]
    """From each end to its file."""
    requests_per_run: float

    def row(self) -> list[str]:
        """Says it in a line of the table."""
        cells = [f"{percentile(self.waits_s, part):.2f}" for part in (50, 95)]
        return [
            self.telling.label,
            str(len(self.waits_s)),
            *cells,
            f"{max(self.waits_s):.2f}",
            f"{self.requests_per_run:.1f}",
        ]


def percentile(values: Sequence[float], part: int) -> float:
    """Gives the value that so many of a hundred do not exceed, between the two that are nearest."""
    return quantiles(values, n=100, method="inclusive")[part - 1] if len(values) > 1 else values[0]


def waits_s(ended: dict[str, str], landed: dict[str, str]) -> list[float]:
    """Subtracts each QueryRun's end from the moment at which its result was on disk."""
    moments = ((datetime.fromisoformat(ended[run]), datetime.fromisoformat(landed[run])) for run in landed)
    return [(file - end).total_seconds() for end, file in moments]


def felt(telling: Telling, times: int, seconds: float) -> Felt:
    """Runs the query so many times, and some before that nobody counts."""
    port = free_port()
    options = ["--duration", f"fixed:{seconds:g}", *telling.sandbox_options(webhook_url(port))]
    with tempfile.TemporaryDirectory(prefix="latency-") as made, valkey_server() as redis_url:
        folder = Path(made)
        with sandbox(folder / "sandbox.log", *options) as url:
            for deployment in _deployed(redis_url, url, folder):
                with two_workers("worker", folder, deployment.env), hearing(telling, port, folder, deployment.env):
                    _run(deployment, LEARNING)
                    httpx.post(f"{url}/sandbox/reset").raise_for_status()
                    landed = _run(deployment, times)
                    return _judged(telling, url, landed)
    raise AssertionError("a deployment was configured")


def _deployed(redis_url: str, url: str, folder: Path) -> Iterator[Deployment]:
    yield from configured(
        redis_url=redis_url,
        stripe_url=url,
        folder=folder,
        destination=str(folder / "out"),
        ledger=str(folder / "ledger"),
    )


def _run(deployment: Deployment, times: int) -> dict[str, str]:
    """Runs the query so often; tells when each QueryRun's result was on disk."""
    dice, landed = random.Random(SEED), {}
    for _ in range(times):
        batch = deployment.submit([Item(name="q", sql="SELECT 1 AS n", account=None)])
        while not deployment.progress(batch).done:
            time.sleep(0.02)
        for manifest in deployment.manifests(batch).values():
            landed[manifest["query_run"]] = manifest["landed_at"]
        time.sleep(dice.uniform(0, MOST_PAUSE_S))
    return landed


def _judged(telling: Telling, url: str, landed: dict[str, str]) -> Felt:
    with httpx.Client(base_url=url, timeout=60) as http:
        counts: dict[str, Any] = http.get("/sandbox/counts").json()
        ended = {run["id"]: run["ended"] for run in every_run(http)}
    return Felt(telling=telling, waits_s=waits_s(ended, landed), requests_per_run=requests_made(counts) / len(landed))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long the query takes")
    parser.add_argument("--told", default="looks,events:1,webhooks:0.3", help="a row each: looks, events:SECONDS, …")
    asked = parser.parse_args()
    rows = []
    for telling in [Telling.parse(text) for text in asked.told.split(",")]:
        sys.stderr.write(f"{telling.label} …\n")
        rows.append(felt(telling, asked.times, asked.seconds).row())
    head = f"One query of {asked.seconds:g} s, from its end to the file on disk, in seconds:"
    sys.stdout.write(f"{head}\n\n{table(['', 'runs', 'p50', 'p95', 'most', 'requests/run'], rows)}\n")


if __name__ == "__main__":
    main()
