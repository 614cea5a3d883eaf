"""Measures the limit against an outsider who takes slots at the sandbox: real workers over HTTP, judged by the sandbox.

    python -m bench.outside [--quick]

`limit.py` simulates the rule alone; here are the looks, the replies and the messages that stand between a slot that
is free at Stripe and a run of ours in it. Two worker processes have more to do than they can, while somebody else takes
300 of the 500 slots in steps and leaves again. An excess of ours, after a step, goes on to its end: nobody can stop it.

Prints a table, and writes it with a picture to `bench/results/`.
"""

import argparse
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx

from bench.entry import Entry
from bench.figures import RESULTS, picture, table
from bench.judge import every_run
from bench.limit import Ours, SlotUse, simulate
from bench.peers import forebay
from bench.peers.workers import two_workers
from bench.saturation import job_of
from bench.scenario import Scenario
from forebay.store.ledger.records import Batch, Item
from tests.servers.processes import sandbox
from tests.servers.valkey import valkey_server
from tests.system.deployment import Deployment, configured

#: The same cap, durations and rate of creates as in `limit.py`; Stripe's limits for live mode.
LIVE = Scenario(name="outside", livemode=True, cap=500, runs=6000, mean_s=30, all_per_s=100, polls_per_s=25)
#: What the outsider holds, one after the other.
STEPS, STEP_S = (0, 100, 200, 300, 100, 0), 50
#: Until the slots are full for the first time: 500 creates at 25 a second, and the start of the workers.
FILL_S = 40
SAMPLE_S = 0.1
#: The sandbox answers in some hundredths of a second.
REPLY_S = 0.03
SEEDS = range(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Somebody holds `steps` slots, `step_s` seconds each, while a scenario's queries run."""

    scenario: Scenario
    steps: Sequence[int] = STEPS
    step_s: float = STEP_S
    fill_s: float = FILL_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One moment: the outsider's slots, ours with a run alive, and ours whose run had ended unseen."""

    at_s: float
    outside: int
    alive: int
    unseen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What happened, once the slots were full."""

    cap: int
    samples: list[Sample]
    refused_at_s: list[float]
    """When a growth of the cap's 429s was seen, once for each."""
    seconds: float
    created: int
    rate_429s: int
    doubled: int
    failed: int

    @property
    def used(self) -> float:
        """Gives, of the slots that the outsider left, the part with a run of ours alive in it."""
        return self._share([sample.alive for sample in self.samples])

    @property
    def held(self) -> float:
        """Gives the same with runs that had ended unseen: what the limit lets us have, whatever looks cost."""
        return self._share([sample.alive + sample.unseen for sample in self.samples])

    @property
    def cap_429s_per_h(self) -> float:
        """Counts the cap's 429s an hour."""
        return len(self.refused_at_s) / self.seconds * 3600

    def _share(self, ours: Sequence[int]) -> float:
        left = [self.cap - sample.outside for sample in self.samples]
        return fmean(map(min, ours, left)) / fmean(left)


def attempt(trial: Trial) -> TrialResult:
    """Makes one trial, with a sandbox, a Valkey and two workers of its own."""
    scenario = trial.scenario
    with tempfile.TemporaryDirectory(prefix="outside-") as made, valkey_server() as redis_url:
        folder = Path(made)
        with sandbox(folder / "sandbox.log", *scenario.sandbox_options) as url, httpx.Client(base_url=url) as http:
            job = job_of(Entry(contender="forebay", scenario=scenario), url, redis_url, folder, 0)
            for deployment in configured(
                redis_url=redis_url,
                stripe_url=url,
                folder=folder,
                destination=str(folder / "out"),
                ledger=str(folder / "ledger"),
                **forebay.settings(job),
            ):
                with two_workers("worker", folder, deployment.env):
                    items = [Item(name=f"q{n}", sql=sql, account=None) for n, sql in enumerate(scenario.queries)]
                    batch = deployment.submit(items)
                    until(time.time() + trial.fill_s)
                    before = http.get("/sandbox/counts").json()
                    changes, refused_at = play(trial, http)
                    return _result(trial, http, deployment, batch, before, changes, refused_at)
    raise AssertionError("a deployment was configured")


def until(moment: float) -> None:
    """Waits until `moment`, by the wall clock."""
    time.sleep(max(0.0, moment - time.time()))


def play(trial: Trial, http: httpx.Client) -> tuple[list[tuple[float, int]], list[float]]:
    """Makes the outsider's moves; tells when it held how much, and when the cap's 429s grew meanwhile."""
    changes: list[tuple[float, int]] = []
    refused_at: list[float] = []
    seen = refusals(http)
    for slots in trial.steps:
        http.post("/sandbox/control", json={"outside_slots": slots}).raise_for_status()
        changes.append((time.time(), slots))
        while (now := time.time()) < changes[-1][0] + trial.step_s:
            until(min(now + 1, changes[-1][0] + trial.step_s))
            count = refusals(http)
            refused_at += [time.time()] * (count - seen)
            seen = count
    return changes, refused_at


def refusals(http: httpx.Client) -> int:
    """Counts the cap's 429s so far."""
    refused: dict[str, int] = http.get("/sandbox/counts").json()["refused_429"]
    return refused.get("cap", 0)


def _result(
    trial: Trial,
    http: httpx.Client,
    deployment: Deployment,
    batch: Batch,
    before: Any,
    changes: list[tuple[float, int]],
    refused_at: list[float],
) -> TrialResult:
    begin, end = changes[0][0], time.time()
    after, runs = http.get("/sandbox/counts").json(), list(every_run(http))
    seen = dict(noticed(deployment, batch))
    spans = []
    for run in runs:
        created = datetime.fromisoformat(run["created"]).timestamp()
        ended = datetime.fromisoformat(run["ended"]).timestamp() if run["ended"] else end
        spans.append((created, ended, max(ended, seen.get(run["sql_sha256"], end))))
    samples = list(sampled(spans, changes, begin, end))
    others = [sum(n for reason, n in counts["refused_429"].items() if reason != "cap") for counts in (before, after)]
    return TrialResult(
        cap=trial.scenario.cap,
        samples=samples,
        refused_at_s=[at - begin for at in refused_at],
        seconds=end - begin,
        created=sum(begin <= created < end for created, _, _ in spans),
        rate_429s=others[1] - others[0],
        doubled=len(runs) - len({run["sql_sha256"] for run in runs}),
        failed=deployment.progress(batch).failed,
    )


def noticed(deployment: Deployment, batch: Batch) -> Iterator[tuple[str, float]]:
    """Yields which query's end was seen when, by the manifests."""
    for manifest in deployment.manifests(batch).values():
        yield manifest["sql_sha256"], datetime.fromisoformat(manifest["ended_at"]).timestamp()


def sampled(
    spans: Sequence[tuple[float, float, float]], changes: Sequence[tuple[float, int]], begin: float, end: float
) -> Iterator[Sample]:
    """Counts slots second by second. `spans` are (created, ended, seen) of each run, by one machine's clock."""
    created, ended, seen = (sorted(instants) for instants in zip(*spans, strict=True))
    moves = [at for at, _ in changes]
    for tick in range(int((end - begin) / SAMPLE_S)):
        at = begin + tick * SAMPLE_S
        gone, known = bisect_right(ended, at), bisect_right(seen, at)
        yield Sample(
            at_s=at - begin,
            outside=changes[bisect_right(moves, at) - 1][1],
            alive=bisect_right(created, at) - gone,
            unseen=gone - known,
        )


def simulated(step_s: int) -> SlotUse:
    """Asks `limit.py` about the same steps: no looks, no messages, and creates that are answered as fast as here."""
    whole = SlotUse()
    for seed in SEEDS:
        outside = iter([0] * FILL_S + [slots for slots in STEPS for _ in range(step_s)])
        whole.add(simulate(outside, Ours(seed), seed, REPLY_S, counted_from_s=FILL_S))
    return whole


COLUMNS = ("", "slots used", "used or ended unseen", "cap-429s", "cap-429s/h", "rate-429s", "creates/s", "doubled")


def row(name: str, result: TrialResult) -> list[str]:
    """Writes one result as cells of the table."""
    return [
        name,
        f"{result.used:.1%}",
        f"{result.held:.1%}",
        str(len(result.refused_at_s)),
        f"{result.cap_429s_per_h:.0f}",
        str(result.rate_429s),
        f"{result.created / result.seconds:.1f}",
        str(result.doubled),
    ]


def draw(result: TrialResult) -> None:
    """Draws what was left to us, and what we made of it."""
    with picture("outside", 1, 1, (10, 4)) as (figure, axes):
        axis, at = axes[0][0], [sample.at_s for sample in result.samples]
        axis.step(at, [result.cap - sample.outside for sample in result.samples], "k", where="post", label="left to us")
        axis.plot(at, [sample.alive + sample.unseen for sample in result.samples], label="held: alive or ended unseen")
        axis.plot(at, [sample.alive for sample in result.samples], label="alive")
        axis.plot(result.refused_at_s, [5] * len(result.refused_at_s), "r|", label="a 429 of the cap")
        axis.set_ylim(0, result.cap * 1.05)
        axis.set_xlabel("seconds")
        axis.legend(loc="lower right")
        figure.suptitle("An outsider takes slots in steps: what is left, and what is used of it")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.outside", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10 s a step, and nothing is written")
    quick = parser.parse_args().quick
    step_s = 10 if quick else STEP_S
    result, rule = attempt(Trial(scenario=LIVE, step_s=step_s)), simulated(step_s)
    told = [row("Forebay, 2 workers, at the sandbox", result)]
    told += [["the rule alone, simulated", f"{rule.share:.1%}", "", "", f"{rule.refusals_per_h:.0f}", "", "", ""]]
    page = (
        f"Cap {LIVE.cap}; the outsider holds {', '.join(map(str, STEPS))} slots for {step_s} s each; runs log-normal "
        f"with mean {LIVE.mean_s:g} s and sigma {LIVE.sigma:g}; {LIVE.endpoint_per_s:g}/s per operation, "
        f"{LIVE.all_per_s:g}/s in all. The first {FILL_S} s, in which the slots fill, are not counted.\n\n"
        + table(COLUMNS, told)
        + "\n"
    )
    sys.stdout.write(page)
    if not quick:
        draw(result)
        RESULTS.joinpath("outside.md").write_text(page)


if __name__ == "__main__":
    main()
