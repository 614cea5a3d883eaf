"""Says what 10,000 accounts and 10 M runs a day come to, on one Valkey and on a Cluster: from what one of each costs.

    python -m bench.scale                       # measures, some six minutes, and writes `bench/results/scale.*`
    python -m bench.scale --again               # prints what was measured last, with another load:
    python -m bench.scale --again --accounts 2000 --runs-a-day 1000000 --workers 8

Units are measured here and now: commands and CPU by the readers of `bench/cost.py`, with state and broker on a Valkey
each; bytes by MEMORY USAGE; requests to the store by a relay before an S3. What they come to is `scale_model.py`, and
an hour's windows that are due at once `burst.py`, both in `bench/costs/`. docs/scale.md reads the tables.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime

from pydantic import TypeAdapter

from bench.costs import lane_memory
from bench.costs.burst import Burst, drain
from bench.costs.lanes_rows import Idle, fill_lanes, idle
from bench.costs.lone_deployments import ALL_QUEUES, UNBOUNDED, lone
from bench.costs.scale_model import Line, Load, UnitCosts, bounds, estimates, memory_bytes
from bench.costs.spread_runs import Spread, spread
from bench.costs.store_requests import ByKind, store_requests
from bench.figures import RESULTS, table
from forebay.governor.redis_client import connect
from tests.servers.valkey import valkey_server

#: Lanes over which a worker is watched that has nothing to do.
IDLE_LANES = (1, 1_000)
#: Lanes that get ten runs each, two lanes a second.
LANES = 40
#: Of runs that are looked at once, and of some that are looked at several times.
DURATIONS_S = (0.05, Load().mean_s)
#: What may be sent is noted before: one PUT for all that came since the last, at most one a run (docs/architecture.md).
SENT_PUTS_A_RUN = 1
FLOW_SIZES = (100, 1_000)
SHARDS = 3
#: How unlike accounts are: the largest of ten thousand has some twenty times the mean.
SIGMA = 1.5
#: What the connection of an account is allowed by default.
CREATES_PER_S, CAP = 10.0, 500
RUNS_A_FLOW = (1_000, 100, 10, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """What was measured, and when."""

    at: str
    costs: UnitCosts
    store: Mapping[str, Mapping[str, float]]
    """Requests to the store by kind, of a run, a batch and a minute."""


def measure(*, quick: bool = False) -> Scaled:
    """Measures one of each thing."""
    watched = [_idle(lanes, 3 if quick else 15) for lanes in IDLE_LANES]
    lanes = 5 if quick else LANES
    worked = [spread(lanes=lanes, runs=10, lanes_per_s=2, duration_s=duration_s) for duration_s in DURATIONS_S]
    with valkey_server() as url, connect(url) as client:
        held, longer = (lane_memory.measure(client, runs) for runs in FLOW_SIZES)
    store = store_requests(single=3 if quick else 6, many=20 if quick else 60, idle_s=0 if quick else 125)
    costs = UnitCosts(
        looks=worked[1].looks,
        state_commands=_by_looks(worked, lambda of: of.state_commands),
        broker_commands=_by_looks(worked, lambda of: of.broker_commands),
        state_us=_by_looks(worked, lambda of: of.state_us),
        broker_us=_by_looks(worked, lambda of: of.broker_us),
        worker_ms=_by_looks(worked, lambda of: of.worker_ms),
        idle_commands=_through(IDLE_LANES, [each.commands_per_s for each in watched]),
        idle_us=_through(IDLE_LANES, [1e6 * each.server_cores for each in watched]),
        new_lane_bytes=held.new_lane,
        lane_bytes=held.lane,
        query_bytes=held.query,
        flow_bytes=_through(FLOW_SIZES, [held.flow, longer.flow]),
        alive_bytes=held.alive_run,
        batch_bytes=held.batch,
        puts_a_run=_sum(store.a_run, "PUT", but=("results", "sent")) + SENT_PUTS_A_RUN,
        puts_a_flow=_sum(store.a_batch, "PUT", but=("results", "sent")),
        gets_a_flow=_sum(store.a_batch, ("GET", "HEAD"), but=("results",)) + _settled(store.a_minute, "GET batches"),
        lists_a_flow=_settled(store.a_minute, "LIST batches"),
        result_puts_a_run=_sum(store.a_run, "PUT results"),
        lists_a_minute=_sum(store.a_minute, "LIST open"),
    )
    return Scaled(at=f"{datetime.now(UTC):%Y-%m-%d %H:%M}", costs=costs, store=asdict(store))


def _idle(lanes: int, seconds: float) -> Idle:
    with lone(lane_each=True, **UNBOUNDED) as here:
        fill_lanes(here, lanes)
        with here.workers([ALL_QUEUES]) as started:
            time.sleep(seconds / 2)
            return idle(here, started, seconds)


def _by_looks(worked: Sequence[Spread], spent: Callable[[Spread], float]) -> Line:
    """Draws what a run costs by its looks, through those that have one and those that have several."""
    return _through([each.looks for each in worked], [spent(each) for each in worked])


def _through(at: Sequence[float], values: Sequence[float]) -> Line:
    return Line.through((at[0], values[0]), (at[1], values[1]))


def _settled(idle: ByKind, kind: str) -> float:
    """Says how often this is asked when a batch is found to have settled, which is when its mark is taken away."""
    marks = idle.get("DELETE open", 0.0)
    return idle.get(kind, 0.0) / marks if marks else 0.0


def _sum(kinds: ByKind, begins: str | tuple[str, ...], *, but: tuple[str, ...] = ()) -> float:
    return sum(count for kind, count in kinds.items() if kind.startswith(begins) and not kind.endswith(but))


def page(scaled: Scaled, load: Load) -> str:
    """Writes the tables in Markdown, as docs/scale.md has them."""
    cost = scaled.costs
    parts = [
        f"Measured on {scaled.at} UTC:",
        table(["what one costs", "measured"], _units(cost)),
        f"{load.accounts:,} accounts, {load.runs_a_day:,} runs a day, {load.workers} workers:",
        table(
            ["", "formula", "result"],
            [[each.what, each.formula, f"{_short(each.value)} {each.unit}".strip()] for each in estimates(load, cost)],
        ),
        f"At the peak, {load.peak:g} times the mean, one Valkey, and then {SHARDS} nodes with a broker beside them:",
        table(["of which there is only so much", "taken", "then"], _bounds(load, cost, 1)),
        table(["of which there is only so much", "taken", "then"], _bounds(load, cost, SHARDS)),
        "One Valkey, where webhooks tell of ends:",
        table(["of which there is only so much", "taken", "then"], _bounds(load, told(cost), 1)),
        "By how many runs a flow has:",
        table(["runs a flow", "flows a day", "memory, GB", "of flows that ended, GB"], _by_flow(load, cost)),
        f"An hour's {load.runs_a_day // 24:,} runs due at once, accounts unlike each other (sigma {SIGMA:g}):",
        table(
            ["servers", "carry, runs/s", "half begun, s", "99 %, s", "all, s", "alive at most", "held up by us"],
            _bursts(load, cost),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def told(cost: UnitCosts) -> UnitCosts:
    """Gives the same where webhooks tell of ends: then a run has hardly more than one look."""
    return replace(cost, looks=1)


def _units(cost: UnitCosts) -> list[list[str]]:
    rows = []
    for field in fields(cost):
        value = getattr(cost, field.name)
        text = f"{_short(value.base)} + {_short(value.each)} each" if isinstance(value, Line) else _short(value)
        rows.append([UNITS[field.name], text])
    return rows


UNITS = {
    "looks": "looks at a run of 20 s that nobody tells of",
    "state_commands": "commands at the state's server, a run: + each look",
    "broker_commands": "commands at the broker, a run: + each look",
    "state_us": "CPU of the state's server, a run, µs: + each look",
    "broker_us": "CPU of the broker, a run, µs: + each look",
    "worker_ms": "CPU of workers, a run, ms: + each look",
    "idle_commands": "commands/s of a worker that has nothing to do: + each lane",
    "idle_us": "CPU of the servers for it, µs/s: + each lane",
    "new_lane_bytes": "a lane that has had nothing, bytes",
    "lane_bytes": "a lane that has had runs, bytes",
    "query_bytes": "a query's durations, bytes",
    "flow_bytes": "a flow that ended, bytes: + each run",
    "alive_bytes": "a run that is alive, bytes",
    "batch_bytes": "a batch in the list, bytes",
    "puts_a_run": "PUTs to the ledger, a run",
    "puts_a_flow": "PUTs to the ledger, a batch of one flow",
    "gets_a_flow": "GETs and HEADs of the ledger, a batch of one flow",
    "lists_a_flow": "LISTs of the ledger, a batch of one flow",
    "result_puts_a_run": "PUTs of results, a run",
    "lists_a_minute": "LISTs of the ledger, a minute",
}


def _bounds(load: Load, cost: UnitCosts, shards: int) -> list[list[str]]:
    return [[bound.what, f"{bound.share:.0%}", bound.then] for bound in bounds(load, cost, shards)]


def _by_flow(load: Load, cost: UnitCosts) -> Iterable[list[str]]:
    rows = []
    for runs in RUNS_A_FLOW:
        of = replace(load, runs_a_flow=runs)
        held = memory_bytes(of, cost)
        rows.append(
            [
                f"{runs:,}",
                f"{of.flows_a_day:,.0f}",
                f"{sum(held.values()) / 1e9:.1f}",
                f"{held['flows that ended'] / 1e9:.1f}",
            ]
        )
    return rows


def carried_per_s(load: Load, cost: UnitCosts, shards: int) -> float:
    """Says how many runs a second servers and workers carry: what is left of each beside what nothing costs."""
    left = max(0.0, 1 - load.workers * cost.idle_us.at(load.accounts) / 1e6 / shards)
    state, broker = cost.state_us.at(cost.looks) / 1e6, cost.broker_us.at(cost.looks) / 1e6
    servers = left / (state + broker) if shards == 1 else min(shards * left / state, 1 / broker)
    return min(servers, 1000 * load.workers / cost.worker_ms.at(cost.looks))


def _bursts(load: Load, cost: UnitCosts) -> list[list[str]]:
    rows = []
    servers = (("one Valkey", 1, cost), ("one Valkey, told of ends", 1, told(cost)))
    for name, shards, of in (*servers, (f"{SHARDS} nodes and a broker", SHARDS, cost)):
        carried = carried_per_s(load, of, shards)
        if carried < 1:
            rows.append([name, "none", *["never"] * 3, "0", "all of it"])
            continue
        drained = drain(
            Burst(
                lanes=load.accounts,
                runs=load.runs_a_day // 24,
                sigma=SIGMA,
                mean_s=load.mean_s,
                creates_per_s=CREATES_PER_S,
                cap=CAP,
                capacity_per_s=carried,
            )
        )
        moments = [f"{each:,.0f}" for each in (drained.half_s, drained.most_s, drained.all_s)]
        rows.append([name, f"{carried:,.0f}", *moments, f"{drained.peak_alive:,.0f}", f"{drained.busy:.0%}"])
    return rows


def _short(value: float) -> str:
    """Writes a number with three digits that say something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def kept() -> Scaled:
    """Reads what was measured last."""
    return TypeAdapter(Scaled).validate_json((RESULTS / "scale.json").read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--again", action="store_true", help="with what was measured last")
    parser.add_argument("--quick", action="store_true", help="measures shortly, and writes nothing")
    parser.add_argument("--accounts", type=int, default=Load().accounts)
    parser.add_argument("--runs-a-day", type=int, default=Load().runs_a_day)
    parser.add_argument("--workers", type=int, default=Load().workers)
    asked = parser.parse_args()
    load = Load(accounts=asked.accounts, runs_a_day=asked.runs_a_day, workers=asked.workers)
    scaled = kept() if asked.again else measure(quick=asked.quick)
    sys.stdout.write(page(scaled, load))
    if not (asked.again or asked.quick):
        RESULTS.joinpath("scale.json").write_bytes(TypeAdapter(Scaled).dump_json(scaled, indent=1) + b"\n")
        RESULTS.joinpath("scale.md").write_text(page(scaled, Load()))


if __name__ == "__main__":
    main()
