"""Measures what lanes cost that have nothing to do, and how long a run waits that is due in one of many.

Lanes are those of accounts, reconciled and empty. *Due* is when a batch was opened, *begun* when the stand-in had its
create: what lies between is the pump's, the ledger's note, the message and the step. Batches are written one after the
other at a steady pace, so that none waits for another one's work.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import fmean

import httpx

from bench.costs.figure import CostFigure
from bench.costs.lone_deployments import ALL_QUEUES, EACH_ITS_QUEUES, UNBOUNDED, Lone, lone
from bench.judge import every_run
from bench.scenario import SEED, fingerprint, sql
from forebay.governor.governor import Governor
from forebay.scheduler.batches.new_batch import new_batch_id
from forebay.scheduler.batches.opening import lane_limits, open_batch
from forebay.store.ledger.records import BatchTerms, Item
from tests.governor.driver import reconcile
from tests.servers.processes import wait_until

#: A worker's first rounds are not its idle ones.
SETTLE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What nothing costs in a second."""

    commands_per_s: float
    worker_cores: float
    server_cores: float

    def figure(self, what: str, demanded: str) -> CostFigure:
        """Says it in a line."""
        cores = self.worker_cores + self.server_cores
        return CostFigure(
            what=what,
            now=f"{self.commands_per_s:,.0f} commands/s, {cores:.3f} cores (Valkey {self.server_cores:.3f})",
            demanded=demanded,
            found=asdict(self),
        )


def fill_lanes(here: Lone, count: int) -> None:
    """Makes so many lanes as they are when all that they ever had is done."""
    connection = here.deployment.config.connection()
    limits = lane_limits(connection)
    for number in range(count):
        governor = Governor(here.deployment.redis, connection.lane(_account(number)))
        governor.configure(limits)
        reconcile(governor)


def _account(number: int) -> str:
    return f"acct_{number:06d}"


def idle(here: Lone, workers: Mapping[str, int], seconds: float) -> Idle:
    """Watches workers that have nothing to do."""
    before, began_s = here.spent(workers), time.monotonic()
    time.sleep(seconds)
    took_s, spent = time.monotonic() - began_s, here.spent(workers).since(before)
    own_s = sum(spent.cpu_s[name] for name in workers)
    return Idle(
        commands_per_s=spent.commands / took_s, worker_cores=own_s / took_s, server_cores=spent.server_s / took_s
    )


def waits_s(here: Lone, lanes: Sequence[int], runs: int, pauses_s: Iterator[float]) -> list[float]:
    """Opens a batch on each of these lanes, with a pause after each; tells how long runs were due before they began."""
    due_s: dict[str, float] = {}
    with httpx.Client(base_url=here.deployment.stripe_url, timeout=60) as http:
        before = _created(http)
        for number in lanes:
            due_s.update(open_on(here, number, runs))
            time.sleep(next(pauses_s))
        wait_until(lambda: _created(http) >= before + len(due_s), "all creates", deadline_s=300)
        begun = {run["sql_sha256"]: datetime.fromisoformat(run["created"]).timestamp() for run in every_run(http)}
    return [begun[text] - at_s for text, at_s in due_s.items()]


def _created(http: httpx.Client) -> int:
    count: int = http.get("/sandbox/counts").json()["totals"]["runs"]
    return count


def open_on(here: Lone, number: int, runs: int, duration_s: float = 0.05) -> dict[str, float]:
    """Opens a batch of runs that live so long on one lane; tells by their texts when they were due."""
    deployment, now = here.deployment, datetime.now(UTC)
    connection, account = deployment.config.connection(), _account(number)
    texts = [
        sql(run, duration_s).replace(" AS n", f" AS n, '{account} {now.isoformat()}' AS at") for run in range(runs)
    ]
    items = [(connection.lane(account), Item(name=f"q{n}", sql=text, account=account)) for n, text in enumerate(texts)]
    terms = BatchTerms(id=new_batch_id(now), output=deployment.destination, source="a bench")
    written = deployment.ledger.write_batch(terms, items, connection=connection.name, created_at=now)
    due_s = time.time()
    open_batch(deployment.redis, written.batch, connection)
    return {fingerprint(text): due_s for text in texts}


def _between(least_s: float, most_s: float) -> Iterator[float]:
    """Yields pauses that meet no rhythm of a worker's."""
    dice = random.Random(SEED)
    while True:
        yield dice.uniform(least_s, most_s)


def idle_figures(lanes: int, workers: int, seconds: float, settle_s: float = SETTLE_S) -> list[CostFigure]:
    """Has several workers idle over lanes that have nothing."""
    with lone(lane_each=True, **UNBOUNDED) as here:
        fill_lanes(here, lanes)
        with here.workers([ALL_QUEUES] * workers) as started:
            time.sleep(settle_s)
            found = idle(here, started, seconds)
    return [found.figure(f"idle: {workers} workers, {lanes:,} lanes", "≤ 200 commands/s, ≤ 0.05 cores")]


def one_worker_figures(lanes: int, trials: int, seconds: float, settle_s: float = SETTLE_S) -> list[CostFigure]:
    """Has one worker idle over many lanes, and then makes a run due in one of them, again and again."""
    dice = random.Random(SEED)
    with lone(lane_each=True, **UNBOUNDED) as here:
        fill_lanes(here, lanes)
        with here.workers([ALL_QUEUES]) as started:
            time.sleep(settle_s)
            found = idle(here, started, seconds)
            waits_s(here, [0], 1, _between(0, 0))  # what is loaded at first use is no run's wait
            waits = waits_s(here, [dice.randrange(lanes) for _ in range(trials)], 1, _between(0.5, 1.5))
    what = f"idle: {lanes:,} lanes, one worker"
    return [
        CostFigure(
            what=f"{what}: a due run waits",
            now=f"mean {fmean(waits):.2f} s, max {max(waits):.2f} s",
            demanded="≤ 0.1 s",
            found={"mean_s": fmean(waits), "max_s": max(waits)},
        ),
        found.figure(what, "≤ 20 commands/s a worker"),
    ]


def due_figures(lanes: int, lanes_per_s: float) -> list[CostFigure]:
    """Gives each of many lanes two runs, at a pace that workers can follow."""
    pause_s = 1 / lanes_per_s
    with lone(lane_each=True, **UNBOUNDED) as here:
        fill_lanes(here, lanes)
        with here.workers(EACH_ITS_QUEUES):
            waits_s(here, [0], 2, _between(0, 0))
            waits = waits_s(here, range(lanes), 2, _between(0.5 * pause_s, 1.5 * pause_s))
    return [
        CostFigure(
            what=f"{lanes:,} lanes × 2 runs, {lanes_per_s:g} lanes a second: from due to begun",
            now=f"mean {fmean(waits):.2f} s, max {max(waits):.2f} s",
            demanded="≤ 0.1 / 1 s",
            found={"mean_s": fmean(waits), "max_s": max(waits)},
        )
    ]
