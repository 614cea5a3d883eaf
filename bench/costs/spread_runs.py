"""Measures what runs cost that are spread over many lanes, as those of many accounts are: at the state, at the broker.

Each lane gets a batch at a steady pace. What the same time costs where nothing is due is taken off, and what remains is
divided by the runs; a tenth of what opening a batch of ten costs is among it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bench.costs.lanes_rows import fill_lanes, open_on
from bench.costs.lone_deployments import EACH_ITS_QUEUES, UNBOUNDED, Lone, lone
from bench.costs.spent import Spent, read
from forebay.governor.redis_client import connect
from tests.servers.processes import wait_until
from tests.servers.valkey import valkey_server

#: So long workers have nothing to do, before that is measured, and while it is.
SETTLE_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What one run costs."""

    looks: float
    state_commands: float
    broker_commands: float
    state_us: float
    broker_us: float
    worker_ms: float


@dataclass(frozen=True, slots=True)
class _While:
    """What was spent in so many seconds."""

    seconds: float
    state: Spent
    broker: Spent
    workers_s: float


def spread(*, lanes: int, runs: int, lanes_per_s: float, duration_s: float) -> Spread:
    """Gives each of so many lanes so many runs, each of which lives so long."""
    with (
        valkey_server() as broker_url,
        connect(broker_url) as broker,
        lone(lane_each=True, FOREBAY_BROKER_URL=broker_url, **UNBOUNDED) as here,
    ):
        fill_lanes(here, lanes)
        with here.workers(EACH_ITS_QUEUES) as workers:
            _land(here, 1, runs, 1, 0.05)  # what is loaded at first use is no run's cost
            time.sleep(SETTLE_S)
            nothing = _while(here, broker, workers, lambda: time.sleep(SETTLE_S))
            before = _asked(here, "retrieve")
            work = _while(here, broker, workers, lambda: _land(here, lanes, runs, lanes_per_s, duration_s))
            looks = (_asked(here, "retrieve") - before) / (lanes * runs)
    return _of_one(work, nothing, lanes * runs, looks)


def _land(here: Lone, lanes: int, runs: int, lanes_per_s: float, duration_s: float) -> None:
    before = _asked(here, "download")
    for number in range(lanes):
        open_on(here, number, runs, duration_s)
        time.sleep(1 / lanes_per_s)
    wait_until(lambda: _asked(here, "download") >= before + lanes * runs, "all results", deadline_s=300)
    time.sleep(1)  # what follows the last of them


def _asked(here: Lone, operation: str) -> int:
    requests: dict[str, dict[str, int]] = httpx.get(f"{here.deployment.stripe_url}/sandbox/counts").json()["requests"]
    return sum(requests.get(operation, {}).values())


def _while(here: Lone, broker: Any, workers: Mapping[str, int], act: Callable[[], object]) -> _While:
    before, at_broker, began_s = here.spent(workers), read(broker, {}), time.monotonic()
    act()
    seconds, spent = time.monotonic() - began_s, here.spent(workers).since(before)
    return _While(seconds, spent, read(broker, {}).since(at_broker), sum(spent.cpu_s[name] for name in workers))


def _of_one(work: _While, nothing: _While, runs: int, looks: float) -> Spread:
    """Takes off what the time alone costs, and divides."""

    def each(spent: Callable[[_While], float]) -> float:
        return max(0.0, spent(work) - spent(nothing) * work.seconds / nothing.seconds) / runs

    return Spread(
        looks=looks,
        state_commands=each(lambda of: of.state.commands),
        broker_commands=each(lambda of: of.broker.commands),
        state_us=each(lambda of: 1e6 * of.state.server_s),
        broker_us=each(lambda of: 1e6 * of.broker.server_s),
        worker_ms=each(lambda of: 1000 * of.workers_s),
    )
