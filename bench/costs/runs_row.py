"""Measures what a run costs: CPU by process, commands, requests, and how many run a second; ours beside others'.

Two jobs, for each contender on a stand-in and a Valkey of its own: *throughput*, runs of 0.05 s with no limit of
requests, and *looks*, scenario A of `bench/saturation.py` where nobody tells of ends. Of ours the start of its
processes is not counted, nor that of the first runs; of others nothing up to their first create is.
"""

import json
import resource
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.contending import contending
from bench.costs.figure import CostFigure
from bench.costs.light_server import light_stripe
from bench.costs.lone_deployments import EACH_ITS_QUEUES, UNBOUNDED, lone
from bench.costs.spent import group_cpu_s, read
from bench.entry import CONTENDERS, Entry
from bench.saturation import job_of
from bench.scenario import SCENARIOS, SHARE, Scenario
from forebay.governor.redis_client import connect
from forebay.store.ledger.records import Item
from tests.servers.valkey import free_port, valkey_server

#: Sigma 0: each takes as long as the others. Rates are what others pace themselves by: looks after 0.05 s.
THROUGHPUT = Scenario(
    name="throughput",
    livemode=False,
    cap=100,
    runs=2000,
    mean_s=0.05,
    sigma=0,
    endpoint_per_s=1000,
    all_per_s=2000,
    polls_per_s=100 / (0.9 * 0.05),
)
LOOKS = replace(SCENARIOS["A"], name="looks alone")
#: Runs that come first: whatever is loaded or compiled at first use is no run's cost.
WARM_UP = 20
OTHERS = [name for name in CONTENDERS if name != "forebay"]
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What one contender spent on one job."""

    contender: str
    runs: int
    landed: int
    took_s: float
    cpu_s: Mapping[str, float]
    """By process; of a contender that is a group of them, as one."""
    server_s: float
    stripe_s: float
    commands: int
    requests: int
    """Creates, retrieves, lists of events and downloads."""

    @property
    def ms_a_run(self) -> float:
        """Gives the CPU of processes and Valkey."""
        return 1000 * (sum(self.cpu_s.values()) + self.server_s) / self.runs

    @property
    def parts(self) -> str:
        """Says what it is made of."""
        parts = [f"{name} {1000 * used / self.runs:.2f}" for name, used in self.cpu_s.items()]
        return ", ".join([*parts, f"Valkey {1000 * self.server_s / self.runs:.2f}"])

    def found(self) -> dict[str, float]:
        """Gives the numbers behind its lines."""
        return {
            "ms_a_run": self.ms_a_run,
            **{f"ms_a_run {name}": 1000 * used / self.runs for name, used in self.cpu_s.items()},
            "ms_a_run Valkey": 1000 * self.server_s / self.runs,
            "ms_a_run stand-in": 1000 * self.stripe_s / self.runs,
            "runs_per_s": self.runs / self.took_s,
            "commands_a_run": self.commands / self.runs,
            "requests_a_run": self.requests / self.runs,
            "landed": self.landed,
        }

    def cells(self) -> list[str]:
        """Gives its line of the table of contenders."""
        found = self.found()
        own = sum(self.cpu_s.values()) * 1000 / self.runs
        return [
            CONTENDERS.get(self.contender, self.contender),
            f"{self.landed} of {self.runs}",
            f"{own:.1f}",
            f"{found['ms_a_run Valkey']:.1f}",
            f"{found['ms_a_run stand-in']:.1f}",
            f"{found['commands_a_run']:.0f}",
            f"{found['requests_a_run']:.1f}",
            f"{found['runs_per_s']:.1f}",
        ]


HEADS = [
    "", "landed", "CPU ms a run", "of Valkey, ms", "of the stand-in, ms", "commands a run", "requests a run", "runs/s",
]  # fmt: skip


def ours(scenario: Scenario) -> Worked:
    """Has Forebay do it, by two processes: one that submits and looks, one that downloads."""
    rate_per_s = SHARE * scenario.endpoint_per_s
    asked = {
        "FOREBAY_CREATES_PER_S": str(rate_per_s),
        "FOREBAY_RETRIEVES_PER_S": str(rate_per_s),
        "FOREBAY_REQUESTS_PER_S": str(min(2 * rate_per_s, SHARE * scenario.all_per_s)),
    }
    settings = {"FOREBAY_CAP": str(scenario.cap), **(UNBOUNDED if scenario.name == THROUGHPUT.name else asked)}
    with lone(*_stripe_options(scenario), **settings) as here, here.workers(EACH_ITS_QUEUES) as workers:
        deployment = here.deployment
        deployment.wait_until_done(deployment.submit(_items(scenario.warm_up(WARM_UP))), deadline_s=300)
        _ask(here.deployment.stripe_url, "/sandbox/reset")
        before, began_s = here.spent(workers), time.monotonic()
        batch = deployment.submit(_items(scenario.queries))
        lane = batch.flows[0].lane
        while (flow := deployment.reader.view.flow(lane, batch.id)) is None or not flow.done:
            time.sleep(_LOOK_S)
        took_s, spent = time.monotonic() - began_s, here.spent(workers).since(before)
        return Worked(
            contender="forebay",
            runs=scenario.runs,
            landed=flow.landed,
            took_s=took_s,
            cpu_s={name.partition(" #")[0]: spent.cpu_s[name] for name in workers},
            server_s=spent.server_s,
            stripe_s=spent.cpu_s["stand-in"],
            commands=spent.commands,
            requests=_requests(here.deployment.stripe_url),
        )


def theirs(name: str, scenario: Scenario) -> Worked:
    """Has one of the others do it, as in `bench/saturation.py`."""
    with (
        tempfile.TemporaryDirectory(prefix="cost-") as made,
        valkey_server() as redis_url,
        light_stripe(Path(made), *_stripe_options(scenario)) as stripe,
        connect(redis_url) as client,
    ):
        folder, waited_s = Path(made), _children_cpu_s()
        job = job_of(Entry(contender=name, scenario=scenario), stripe.url, redis_url, folder, free_port())
        with contending(name, job, folder) as process:
            while process.poll() is None and not _counts(stripe.url)["totals"]["runs"]:
                time.sleep(_LOOK_S / 4)
            start_s, began_s = group_cpu_s(process.pid), time.time()
            before = read(client, {"stand-in": stripe.pid})
            process.wait()
        landed = [*_landed(folder)]
        spent = read(client, {"stand-in": stripe.pid}).since(before)
        return Worked(
            contender=name,
            runs=scenario.runs,
            landed=len(landed),
            took_s=max(landed) - began_s,
            cpu_s={"processes": _children_cpu_s() - waited_s - start_s},
            server_s=spent.server_s,
            stripe_s=spent.cpu_s["stand-in"],
            commands=spent.commands,
            requests=_requests(stripe.url),
        )


def _landed(folder: Path) -> Iterator[float]:
    for notes in folder.glob("notes-*.jsonl"):
        yield from (note["landed"] for line in notes.read_text().splitlines() if (note := json.loads(line))["landed"])


def _items(queries: Iterable[str]) -> list[Item]:
    return [Item(name=f"q{number}", sql=sql, account=None) for number, sql in enumerate(queries)]


def _stripe_options(scenario: Scenario) -> list[str]:
    return ["--cap", str(scenario.cap)] if scenario.name == THROUGHPUT.name else scenario.sandbox_options


def _counts(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/sandbox/counts", timeout=60) as answer:  # noqa: S310 # the stand-in's own
        said: dict[str, Any] = json.loads(answer.read())
    return said


def _requests(url: str) -> int:
    asked = _counts(url)["requests"]
    return sum(sum(asked.get(name, {}).values()) for name in ("create", "retrieve", "list_events", "download"))


def _ask(url: str, path: str) -> None:
    urllib.request.urlopen(f"{url}{path}", timeout=60).close()  # noqa: S310 # the stand-in's own


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def figures(worked: Worked, scenario: Scenario) -> list[CostFigure]:
    """Says of ours what the issue's table asks for."""
    throughput = scenario.name == THROUGHPUT.name
    found, where = worked.found(), "throughput" if throughput else "A, looks alone"
    stand_in = f"; stand-in {found['ms_a_run stand-in']:.2f}"
    lines = [
        CostFigure(
            what=f"CPU of workers and Valkey a run, {where}",
            now=f"{worked.ms_a_run:.1f} ms ({worked.parts}{stand_in})",
            demanded="≤ 9 ms" if throughput else "≤ 25 ms",
            found=found,
        ),
        CostFigure(
            what=f"commands at the server a run, {where}",
            now=f"{found['commands_a_run']:.0f}",
            demanded="≤ 80" if throughput else "≤ 250",
        ),
        CostFigure(what=f"requests to Stripe a run, {where}", now=f"{found['requests_a_run']:.1f}", demanded=""),
    ]
    if throughput:
        lines.insert(1, CostFigure(what="runs/s, throughput", now=f"{found['runs_per_s']:.0f}", demanded="≥ 110"))
    return lines
