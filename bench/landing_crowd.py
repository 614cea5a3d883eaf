"""Lets hundreds of results of a megabyte land at once, and counts the looks that are made meanwhile.

    python -m bench.landing_crowd [--runs 450] [--others 50] [--host-s 0,3] [--quick]

All runs of a crowd end at one moment, so each is due for a look that sees its end, and lands; others stay alive and are
looked at as well. No events tell of ends. Looks have a budget: at so many a second nobody sees the last end sooner than
all of them take together. The host of the results answers at once, or keeps each download waiting. Two workers: one
that submits and looks, one that downloads.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import table
from forebay.governor.view import View
from forebay.store.ledger.records import Batch, Item
from tests.servers.processes import sandbox, start_worker, stop, wait_until
from tests.servers.valkey import valkey_server
from tests.system.deployment import Deployment, configured

#: Of the 25 that Stripe allows of an operation.
RATE_PER_S = 24
#: From the last create to the end of all: until then the sandbox has computed their results.
MARGIN_S = 30.0
_EVERY_S = 0.25
#: A megabyte of CSV, and each of another text.
_SQL = (
    "SELECT {n} AS n, id, customer_id, amount, created FROM charges LIMIT 13500 -- sandbox: duration={duration_s:.2f}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingCrowd:
    """How many end at once, and where they land."""

    runs: int
    others: int
    host_s: float
    """How long the host of the results keeps each download waiting."""
    express: bool
    """Results land with the look that saw the end, as long as they are small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSoFar:
    """How far it was at one moment."""

    at_s: float
    retrieves: int
    ends_seen: int
    landed: int


@contextmanager
def deployed(crowd: LandingCrowd) -> Iterator[Deployment]:
    """Starts all that there is."""
    cap = crowd.runs + crowd.others
    options = ["--cap", str(cap), "--events", "forbidden", "--zip-level", "1"]
    slow = {"name": "slow", "operation": "download", "delay_s": crowd.host_s}
    options += ["--faults", json.dumps([slow])] if crowd.host_s else []
    with tempfile.TemporaryDirectory(prefix="crowd-") as made, valkey_server() as redis_url:
        folder = Path(made)
        with sandbox(folder / "sandbox.log", *options) as url:
            for deployment in configured(
                redis_url=redis_url,
                stripe_url=url,
                folder=folder,
                destination=str(folder / "out"),
                ledger=str(folder / "ledger"),
                STRIPE_API_KEY="rk_live_of_the_bench",
                FOREBAY_CAP=str(cap),
                FOREBAY_CREATES_PER_S=str(RATE_PER_S),
                FOREBAY_RETRIEVES_PER_S=str(RATE_PER_S),
                FOREBAY_REQUESTS_PER_S=str(4 * RATE_PER_S),
                **({} if crowd.express else {"FOREBAY_EXPRESS_BYTES": "0"}),
            ):
                started = [
                    start_worker(folder / f"{queues}.log", deployment.env, queues=queues)
                    for queues in ("submit,poll", "download")
                ]
                try:
                    yield deployment
                finally:
                    for process in started:
                        stop(process)


def batch_of(crowd: LandingCrowd) -> list[Item]:
    """Makes the others, which are created first, and a crowd that ends at one moment."""
    endless = [
        Item(name=f"o{n}", sql=f"SELECT {n} AS n -- sandbox: duration=3600", account=None) for n in range(crowd.others)
    ]
    until_s = crowd.runs / RATE_PER_S + MARGIN_S
    ending = [
        Item(name=f"q{n}", sql=_SQL.format(n=n, duration_s=until_s - n / RATE_PER_S), account=None)
        for n in range(crowd.runs)
    ]
    return endless + ending


def watched(crowd: LandingCrowd) -> list[SeenSoFar]:
    """Runs it, from the moment that the first of the crowd has ended until all have landed."""
    with deployed(crowd) as deployment:
        batch = deployment.submit(batch_of(crowd))
        cap = crowd.runs + crowd.others
        wait_until(lambda: _has_begun_to_end(deployment, cap), "all creates, and the first end", deadline_s=300)
        samples = [_sample(deployment, batch, cap)]
        while samples[-1].landed < crowd.runs and samples[-1].at_s < samples[0].at_s + 600:
            time.sleep(_EVERY_S)
            samples.append(_sample(deployment, batch, cap))
    return samples


def _has_begun_to_end(deployment: Deployment, cap: int) -> bool:
    totals = deployment.counts()["totals"]
    return bool(totals["alive"] < totals["runs"] == cap)


def _sample(deployment: Deployment, batch: Batch, most: int) -> SeenSoFar:
    held = View(deployment.redis).lane(batch.flows[0].lane).held
    return SeenSoFar(
        at_s=time.monotonic(),
        retrieves=sum(deployment.counts()["requests"]["retrieve"].values()),
        ends_seen=most - held,
        landed=deployment.progress(batch).landed,
    )


def row(crowd: LandingCrowd, samples: Sequence[SeenSoFar]) -> list[str]:
    """Says in a line what came of it."""
    first = samples[0]
    seen = next((sample for sample in samples if sample.ends_seen >= crowd.runs), samples[-1])
    seen_s = seen.at_s - first.at_s
    return [
        f"{'with looks' if crowd.express else 'by downloads'}, host {crowd.host_s:g} s",
        f"{crowd.runs}",
        f"{(seen.retrieves - first.retrieves) / seen_s:.1f}",
        f"{seen_s:.0f}",
        f"{crowd.runs / RATE_PER_S:.0f}",
        f"{seen.landed}",
        f"{samples[-1].at_s - first.at_s:.0f}",
        f"{samples[-1].landed}",
    ]


HEADS = ["", "ended", "looks/s", "all ends seen, s", "at best, s", "landed by then", "all landed, s", "landed"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.landing_crowd", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=450, help="that end at once")
    parser.add_argument("--others", type=int, default=50, help="that stay alive")
    parser.add_argument("--host-s", default="0,3", help="how long the results' host keeps each download waiting")
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    asked = parser.parse_args()
    part = 10 if asked.quick else 1
    rows = []
    for host_s in map(float, asked.host_s.split(",")):
        for express in (True, False):
            crowd = LandingCrowd(runs=asked.runs // part, others=asked.others // part, host_s=host_s, express=express)
            sys.stderr.write(f"{crowd} …\n")
            rows.append(row(crowd, watched(crowd)))
    sys.stdout.write(f"Looks are allowed {RATE_PER_S} a second:\n\n{table(HEADS, rows)}\n")


if __name__ == "__main__":
    main()
