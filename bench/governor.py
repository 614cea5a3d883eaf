"""Measures what the governor costs, and that it costs the same however much waits.

    python -m bench.governor [--quick]

Drives the scripts alone, on a Valkey of its own: no Stripe, no Celery, no store. Each run lives a whole life in calls
of `Governor`, the same ones as the steps make for a small result: claim, begin, mark_sent, outlook, bind; claim,
begin, ready, finish. `ready` frees the slot and grants the next run in the same script, so its latency at the client
is the hand-off: when it answers, the successor is granted, and anybody's next claim sees it.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median, quantiles
from typing import Any

import redis
from celery import Celery

from bench.figures import RESULTS, picture, table
from forebay.governor.contract import Claimed, LaneLimits
from forebay.governor.governor import Governor
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from tests.governor.driver import reconcile
from tests.servers.valkey import valkey_server

LANE = "bench:live"
CAP = 100
#: As many as the pump of one process takes at a time when its queues have room.
CLAIM = 8
CUSTODY_MS = 60_000
#: No budget holds anything up.
PLENTY = 1e6
WAITING = (10**3, 10**4, 10**5, 10**6)
FLOWS = (1, 10, 100, 10**3, 10**4)
FILLINGS = [*((waiting, 1) for waiting in WAITING), *((WAITING[-1], flows) for flows in FLOWS[1:])]
ROUNDS = 5
CLIENTS = (1, 2, 4)
#: A message of a queue that keeps each waiting run as one: the same ids that ours carry, once it is granted.
PEER_MESSAGES = 2_000
_OWN_COMMANDS = ("cmdstat_info", "cmdstat_config|resetstat")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCost:
    """One filling of a lane."""

    waiting: int
    flows: int
    runs_per_s: float
    handoff_p50_ms: float
    handoff_p99_ms: float
    round_trips: float
    """A run."""
    commands: float
    """A run, those inside scripts included."""
    server_us: float
    """A run."""
    grant_us: float
    """A grant inside a script that makes many."""
    bytes_per_waiting: float
    bytes_per_flow: float


def fill(client: Any, waiting: int, flows: int) -> tuple[Governor, int]:
    """Makes a fresh lane without slots, and tells by how many bytes its waiting runs have made Redis grow."""
    client.flushall()
    governor = Governor(client, LANE)
    limits = {"creates_per_s": PLENTY, "retrieves_per_s": PLENTY, "requests_per_s": PLENTY}
    governor.configure(LaneLimits(cap=0, **limits))
    reconcile(governor)
    governor.open_flow("warm", 1)  # loads the script, whose text is no run's cost
    before = client.info("memory")["used_memory"]
    for at in range(flows):
        governor.open_flow(f"20261122-120000-{at:05d}", waiting // flows)
    return governor, client.info("memory")["used_memory"] - before


def live(governor: Governor, runs: int) -> list[float]:
    """Brings so many runs through their lives; returns how long each hand-off took (ms).

    The lane must have more than that: a hand-off without a successor is none.
    """
    handoffs_ms: list[float] = []
    while len(handoffs_ms) < runs:
        claims = governor.claim(submits=CLAIM, downloads=CLAIM, polls=CLAIM)
        for claimed in claims.due[Step.SUBMIT]:
            submit(governor, claimed)
        for claimed in claims.due[Step.POLL]:
            handoffs_ms += poll(governor, claimed)
    return handoffs_ms


def submit(governor: Governor, claimed: Claimed) -> None:
    """Does what the submit step asks of the governor."""
    custody = governor.begin(claimed, RunState.GRANTED, CUSTODY_MS)
    if custody and governor.mark_sent(custody, "fb-" + "0" * 64):
        governor.outlook("")
        governor.bind(custody, "qryrun_test_61Tm3fYfQ2xKdA5bC16", 0)


def poll(governor: Governor, claimed: Claimed) -> list[float]:
    """Does what a poll that saw the end asks, and the landing; returns the milliseconds of the hand-off."""
    custody = governor.begin(claimed, RunState.RUNNING, CUSTODY_MS)
    if not custody:
        return []
    known = governor.outlook("").durations
    began = time.perf_counter()
    governor.ready(custody, took=custody.took(known), landing_ms=CUSTODY_MS)
    took_ms = (time.perf_counter() - began) * 1000
    governor.finish(custody, RunState.LANDED, stored_bytes=1000, records=10)
    return [took_ms]


def measure(client: Any, waiting: int, flows: int, runs: int) -> LaneCost:
    """Measures one filling."""
    governor, grown = fill(client, waiting, flows)
    began = time.perf_counter()
    governor.configure(LaneLimits(cap=CAP))
    grant_us = (time.perf_counter() - began) * 1e6 / CAP
    live(governor, 2 * CAP)  # past the first turnover of the slots, and every script is loaded
    client.config_resetstat()
    began = time.perf_counter()
    handoffs_ms = live(governor, runs)
    took_s = time.perf_counter() - began
    stats = client.info("commandstats")
    used = {name: stat for name, stat in stats.items() if name not in _OWN_COMMANDS}
    # A command inside a script counts for itself and in its script's time.
    scripts, outlooks = stats["cmdstat_evalsha"], 2 * len(handoffs_ms)
    return LaneCost(
        waiting=waiting,
        flows=flows,
        runs_per_s=len(handoffs_ms) / took_s,
        handoff_p50_ms=median(handoffs_ms),
        handoff_p99_ms=quantiles(handoffs_ms, n=100)[98],
        round_trips=(scripts["calls"] + outlooks) / len(handoffs_ms),
        commands=sum(stat["calls"] for stat in used.values()) / len(handoffs_ms),
        server_us=scripts["usec"] / len(handoffs_ms),
        grant_us=grant_us,
        bytes_per_waiting=grown / waiting,
        bytes_per_flow=grown / flows,
    )


def medians(rounds: Sequence[LaneCost]) -> LaneCost:
    """Takes medians field by field, since one hiccup of a shared machine is in one round's p99."""
    return LaneCost(**{field.name: median(getattr(each, field.name) for each in rounds) for field in fields(LaneCost)})


def together(url: str, clients: int, runs: int) -> float:
    """Counts runs a second of several processes on one lane of a million waiting runs."""
    with connect(url) as client:
        governor, _ = fill(client, 10**6, 10)
        governor.configure(LaneLimits(cap=CAP))
    context = multiprocessing.get_context("spawn")
    ready, spans = context.Barrier(clients), context.SimpleQueue()
    processes = [context.Process(target=_client, args=(url, runs // clients, ready, spans)) for _ in range(clients)]
    for process in processes:
        process.start()
    began, ended = zip(*(spans.get() for _ in processes), strict=True)
    for process in processes:
        process.join()
    return runs / (max(ended) - min(began))


def _client(url: str, runs: int, ready: Any, spans: Any) -> None:
    """Runs in a process of its own. `perf_counter` is one clock for all processes of a machine."""
    with connect(url) as client:
        governor = Governor(client, LANE)
        live(governor, CLAIM)
        ready.wait(60)
        began = time.perf_counter()
        live(governor, runs)
        spans.put((began, time.perf_counter()))


def bytes_per_message(url: str, client: redis.Redis) -> float:
    """Measures what one waiting run costs where it is a Celery message."""
    client.flushall()
    app = Celery(broker=url)
    app.send_task("query", args=(LANE, "20261122-120000-00000/0"), ignore_result=True)
    before = client.info("memory")["used_memory"]
    for index in range(PEER_MESSAGES):
        app.send_task("query", args=(LANE, f"20261122-120000-00000/{index}"), ignore_result=True)
    grown: int = client.info("memory")["used_memory"] - before
    app.close()
    return grown / PEER_MESSAGES


COLUMNS = (
    "waiting", "flows", "runs/s", "hand-off p50 ms", "p99 ms", "round trips/run", "commands/run",
    "server µs/run", "µs/grant", "bytes/waiting run", "bytes/flow",
)  # fmt: skip


def row(cost: LaneCost) -> list[str]:
    """Writes one filling as cells of the table."""
    numbers = [f"{cost.runs_per_s:.0f}", f"{cost.handoff_p50_ms:.2f}", f"{cost.handoff_p99_ms:.2f}"]
    numbers += [f"{cost.round_trips:.1f}", f"{cost.commands:.0f}", f"{cost.server_us:.0f}", f"{cost.grant_us:.0f}"]
    return [
        f"{cost.waiting:,}",
        f"{cost.flows:,}",
        *numbers,
        f"{cost.bytes_per_waiting:.4f}",
        f"{cost.bytes_per_flow:.0f}",
    ]


def draw(by_waiting: Sequence[LaneCost], by_flows: Sequence[LaneCost]) -> None:
    """Draws costs by what waits, and by how many flows."""
    with picture("governor", 2, 3, (12, 6)) as (figure, axes):
        for strip, costs, over in ((axes[0], by_waiting, "waiting"), (axes[1], by_flows, "flows")):
            at = [getattr(each, over) for each in costs]
            strip[0].plot(at, [each.handoff_p50_ms for each in costs], "o-", label="p50")
            strip[0].plot(at, [each.handoff_p99_ms for each in costs], "o--", label="p99")
            strip[0].set_title("hand-off, ms")
            strip[0].legend()
            strip[1].plot(at, [each.commands for each in costs], "o-", label="commands, inside scripts too")
            strip[1].plot(at, [each.round_trips for each in costs], "o--", label="round trips")
            strip[1].set_title("Redis, per run")
            strip[1].legend()
            strip[2].plot(at, [each.bytes_per_waiting for each in costs], "o-")
            strip[2].set_title("bytes per waiting run")
            strip[2].set_yscale("log")
            for axis in strip:
                axis.set_xscale("log")
                axis.set_xlabel("waiting runs, in one flow" if over == "waiting" else "flows, a million waiting runs")
                if axis is not strip[2]:
                    axis.set_ylim(bottom=0)
        figure.suptitle(f"The governor's cost, cap {CAP}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.governor", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a single short round, and no picture")
    quick = parser.parse_args().quick
    runs = 150 if quick else 600  # the smallest filling has a thousand
    with valkey_server() as url, connect(url) as client:
        measure(client, 1_000, 1, runs)  # nobody is first
        rounds = [[measure(client, *filling, runs) for filling in FILLINGS] for _ in range(1 if quick else ROUNDS)]
        costs = [medians(each) for each in zip(*rounds, strict=True)]
        at_once = [together(url, clients, 10 * runs) for clients in CLIENTS]
        peer = bytes_per_message(url, client)
        version = client.info("server")["valkey_version"]
    page = (
        f"Valkey {version} on loopback, cap {CAP}, claims of up to {CLAIM}, one serial client, "
        f"{len(rounds)} rounds of {runs:,} runs a line (medians):\n\n"
        + table(COLUMNS, [row(each) for each in costs])
        + "\n\nSeveral client processes on one lane, a million waiting runs in 10 flows:\n\n"
        + table(["clients", "runs/s"], [[str(n), f"{rate:.0f}"] for n, rate in zip(CLIENTS, at_once, strict=True)])
        + f"\n\nA waiting run that is a Celery message instead: {peer:.0f} bytes.\n"
    )
    sys.stdout.write(page)
    if not quick:
        draw(costs[: len(WAITING)], costs[len(WAITING) - 1 :])
        RESULTS.joinpath("governor.md").write_text(page)


if __name__ == "__main__":
    main()
