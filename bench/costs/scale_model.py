"""Says what a deployment of any size comes to, given what one of each thing costs. Pure functions.

`bench/scale.py` measures the one and prints the other; docs/scale.md explains both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DAY_S = 86_400
#: So long a flow that ended is kept in Redis (`governor/lua/shared/moves.lua`).
FLOW_KEPT_DAYS = 30
#: Amazon's list prices in us-east-1, dollars.
DOLLARS_A_PUT, DOLLARS_A_GET = 5e-6, 4e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What there is to do. All but the first three are assumptions, and named beside each result."""

    accounts: int = 10_000
    """Each with a lane of its own."""
    runs_a_day: int = 10_000_000
    workers: int = 50
    mean_s: float = 20
    runs_a_flow: int = 100
    queries: int = 10
    """Different ones, by name, of each account."""
    peak: float = 3
    """The busiest hour, of the mean."""

    @property
    def runs_per_s(self) -> float:
        """Gives the mean over a day."""
        return self.runs_a_day / DAY_S

    @property
    def flows_a_day(self) -> float:
        return self.runs_a_day / self.runs_a_flow

    @property
    def alive(self) -> float:
        """Gives the runs that are alive at once: those that begin while one lasts."""
        return self.runs_per_s * self.mean_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line: what it costs at all, and for each of something."""

    base: float
    each: float

    def at(self, count: float) -> float:
        """Gives its value; nothing costs less than nothing."""
        return max(0.0, self.base + self.each * count)

    @classmethod
    def through(cls, first: tuple[float, float], second: tuple[float, float]) -> "Line":
        """Draws it through two points; more of something never costs less, whatever a busy machine measured."""
        (x, y), (further_x, further_y) = first, second
        each = max(0.0, (further_y - y) / (further_x - x))
        return cls(base=y - each * x, each=each)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCosts:
    """What one of each thing costs, as measured."""

    looks: float
    """At a run of the mean duration, where nobody tells of ends."""
    state_commands: Line
    """At the server of the state, a run, by its looks."""
    broker_commands: Line
    """At the broker."""
    state_us: Line
    """CPU of the server of the state, a run, by its looks."""
    broker_us: Line
    worker_ms: Line
    """CPU of worker processes."""
    idle_commands: Line
    """A second, of one worker that has nothing to do, by lanes."""
    idle_us: Line
    """CPU of both servers for that, a second."""
    new_lane_bytes: int
    lane_bytes: int
    query_bytes: int
    flow_bytes: Line
    """Of one that ended, by its runs."""
    alive_bytes: float
    batch_bytes: float
    puts_a_run: float
    """At the ledger."""
    puts_a_flow: float
    gets_a_flow: float
    lists_a_flow: float
    """When its batch is found to have settled."""
    result_puts_a_run: float
    lists_a_minute: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleResult:
    """One line of the page."""

    what: str
    formula: str
    value: float
    unit: str


def estimates(load: Load, cost: UnitCosts) -> list[ScaleResult]:
    """Says what it comes to, in the order of the page."""
    runs_per_s = load.runs_per_s
    idle = load.workers * cost.idle_commands.at(load.accounts)
    state, broker = (line.at(cost.looks) for line in (cost.state_commands, cost.broker_commands))
    return [
        ScaleResult(what="runs", formula="runs a day ÷ 86,400", value=runs_per_s, unit="a second"),
        ScaleResult(what="runs alive", formula="runs/s × mean duration", value=load.alive, unit=""),
        ScaleResult(
            what="messages", formula="runs/s × (1 + looks)", value=runs_per_s * (1 + cost.looks), unit="a second"
        ),
        ScaleResult(
            what="commands for runs, state", formula="runs/s × a run's", value=runs_per_s * state, unit="a second"
        ),
        ScaleResult(
            what="commands for runs, broker", formula="runs/s × a run's", value=runs_per_s * broker, unit="a second"
        ),
        ScaleResult(
            what="commands for nothing", formula="workers × (own + lanes × a lane's)", value=idle, unit="a second"
        ),
        ScaleResult(
            what="CPU of the state's server", formula="runs/s × a run's", value=_state(load, cost), unit="cores"
        ),
        ScaleResult(what="CPU of the broker", formula="runs/s × a run's", value=_broker(load, cost), unit="cores"),
        ScaleResult(
            what="CPU for nothing, both",
            formula="workers × (own + lanes × a lane's)",
            value=_idle_cores(load, cost),
            unit="cores",
        ),
        ScaleResult(
            what="CPU of workers",
            formula="runs/s × a run's",
            value=runs_per_s * cost.worker_ms.at(cost.looks) / 1000,
            unit="cores",
        ),
        *_memory(load, cost),
        *_requests(load, cost),
    ]


def _state(load: Load, cost: UnitCosts) -> float:
    return load.runs_per_s * cost.state_us.at(cost.looks) / 1e6


def _broker(load: Load, cost: UnitCosts) -> float:
    return load.runs_per_s * cost.broker_us.at(cost.looks) / 1e6


def _idle_cores(load: Load, cost: UnitCosts) -> float:
    return load.workers * cost.idle_us.at(load.accounts) / 1e6


def memory_bytes(load: Load, cost: UnitCosts) -> Mapping[str, float]:
    """Says what Redis holds, by what it is of."""
    kept = load.flows_a_day * FLOW_KEPT_DAYS
    return {
        "lanes": load.accounts * cost.lane_bytes,
        "durations of queries": load.accounts * load.queries * cost.query_bytes,
        "runs alive": load.alive * cost.alive_bytes,
        "flows that ended": kept * cost.flow_bytes.at(load.runs_a_flow),
        "list of batches, a year": 365 * load.flows_a_day * cost.batch_bytes,
    }


_MEMORY = {
    "lanes": "lanes × a lane's",
    "durations of queries": "lanes × queries × a query's",
    "runs alive": "runs alive × a run's",
    "flows that ended": f"flows a day × {FLOW_KEPT_DAYS} days × (a flow's + runs × a state's)",
    "list of batches, a year": "365 × batches a day × an entry's; until `forebay prune`",
}


def _memory(load: Load, cost: UnitCosts) -> list[ScaleResult]:
    parts = memory_bytes(load, cost)
    lines = [
        ScaleResult(what=f"memory: {name}", formula=_MEMORY[name], value=held / 1e6, unit="MB")
        for name, held in parts.items()
    ]
    return [*lines, ScaleResult(what="memory in all", formula="their sum", value=sum(parts.values()) / 1e6, unit="MB")]


def _requests(load: Load, cost: UnitCosts) -> list[ScaleResult]:
    ledger = load.runs_a_day * cost.puts_a_run + load.flows_a_day * cost.puts_a_flow
    results = load.runs_a_day * cost.result_puts_a_run
    gets = load.flows_a_day * cost.gets_a_flow
    lists = 24 * 60 * cost.lists_a_minute + load.flows_a_day * cost.lists_a_flow
    dollars = (ledger + results + lists) * DOLLARS_A_PUT + gets * DOLLARS_A_GET
    return [
        ScaleResult(
            what="PUTs to the ledger", formula="runs × a run's + flows × a flow's", value=ledger / 1e6, unit="M a day"
        ),
        ScaleResult(what="PUTs of results", formula="runs × a run's", value=results / 1e6, unit="M a day"),
        ScaleResult(what="GETs of the ledger", formula="flows × a flow's", value=gets / 1e6, unit="M a day"),
        ScaleResult(
            what="LISTs of the ledger", formula="1,440 × a minute's + flows × a flow's", value=lists, unit="a day"
        ),
        ScaleResult(
            what="price of requests", formula="(PUT + LIST) × $5/M + GET × $0.40/M", value=dollars, unit="$ a day"
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Something of which there is only so much, and how much of it this load takes."""

    what: str
    share: float
    """1: all of it."""
    then: str
    """What one changes."""


#: What one server has, as people buy them: a core for its one thread, and memory.
MEMORY_BYTES = 64e9
#: What S3 takes under one prefix, by Amazon's word.
PUTS_PER_S = 3_500


def bounds(load: Load, cost: UnitCosts, shards: int = 1) -> list[Bound]:
    """Says what breaks first at the peak: the largest share goes first."""
    peak, nothing = load.peak, _idle_cores(load, cost)
    one = peak * (_state(load, cost) + _broker(load, cost)) + nothing
    servers = (
        [
            Bound(
                what="one core: the Valkey of state and broker",
                share=one,
                then="webhooks, a broker of its own, a Cluster",
            )
        ]
        if shards == 1
        else [
            Bound(
                what=f"one core: each of {shards} nodes of the state",
                share=(peak * _state(load, cost) + nothing) / shards,
                then="more nodes: lanes spread over them by their names",
            ),
            Bound(
                what="one core: the broker",
                share=peak * _broker(load, cost),
                then="several deployments, each with accounts of its own",
            ),
        ]
    )
    memory = sum(memory_bytes(load, cost).values()) / shards / MEMORY_BYTES
    puts = peak * (load.runs_per_s * cost.puts_a_run + load.flows_a_day / DAY_S * cost.puts_a_flow) / PUTS_PER_S
    workers = peak * load.runs_per_s * cost.worker_ms.at(cost.looks) / 1000 / load.workers
    found = [
        *servers,
        Bound(what="64 GB: memory", share=memory, then="fewer, longer batches; `forebay prune`; a Cluster"),
        Bound(what="one core each: workers", share=workers, then="more of them"),
        Bound(
            what="3,500 PUTs/s: a prefix of S3", share=puts, then="nothing by hand: S3 splits busy prefixes in minutes"
        ),
    ]
    return sorted(found, key=lambda bound: -bound.share)
