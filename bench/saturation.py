"""Measures how full the slots are kept, and at what cost: Forebay beside what one would write or take today.

    python -m bench.saturation [--scenario A|B|all] [--only forebay,sdk] [--sigma 0.15] [--runs 2000] [--quick]
                               [--told looks,events:1,webhooks:0.3] [--rate 24,10] [--missing 0.01] [--late 15]

Each contender does the same job against a sandbox of its own with Stripe's request limits. Prints tables, and writes
them, the figures behind them and a picture to `bench/results/`. What the columns mean: `bench/README.md`.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import redis

from bench import ceiling, report
from bench.contending import contending
from bench.entry import CONTENDERS, Entry
from bench.judge import Judgement, judge
from bench.peers.hearing import webhook_url
from bench.peers.job import Job
from bench.scenario import SCENARIOS, Scenario
from bench.telling import Telling
from bench.yardstick import first_come_first_served, makespan_s
from tests.servers.processes import sandbox
from tests.servers.valkey import free_port, valkey_server

DEFAULT_TOLD = [Telling.parse(text) for text in ("looks", "events:1", "webhooks:0.3")]
RESULTS = Path(__file__).parent / "results"
#: A contender that needs more than this many T° is stopped and reported as it stands.
PATIENCE = 4
#: The spread of durations where nothing is known of a query.
UNKNOWN_SIGMA = 0.6
#: Starting processes, and the warm-up of those who have one.
START_S = 60


def compete(entry: Entry) -> Judgement | None:
    """Lets one contender work, with a sandbox and a Valkey of its own."""
    scenario, port = entry.scenario, free_port()
    options = [*scenario.sandbox_options, *entry.telling.sandbox_options(webhook_url(port))]
    with tempfile.TemporaryDirectory(prefix="saturation-") as made, valkey_server() as redis_url:
        folder = Path(made)
        with sandbox(folder / "sandbox.log", *options) as url:
            job = job_of(entry, url, redis_url, folder, port)
            before_s = _children_cpu_s()
            patience_s = PATIENCE * makespan_s(entry.ideal()) * (2 if entry.warm_up else 1) + START_S
            _run(entry.contender, job, folder, patience_s)
            cpu_s = _children_cpu_s() - before_s + _server_cpu_s(redis_url)
            return judge(entry.contender, scenario, url, folder, cpu_s)


def job_of(entry: Entry, url: str, redis_url: str, folder: Path, webhook_port: int) -> Job:
    """Says an entry as the job that its contender gets."""
    scenario = entry.scenario
    return Job(
        url=url,
        key="rk_live_51Bench" if scenario.livemode else "rk_test_51Bench",
        redis_url=redis_url,
        folder=str(folder),
        queries=scenario.queries,
        warm_up=scenario.warm_up(entry.warm_up),
        cap=scenario.cap,
        endpoint_per_s=scenario.endpoint_per_s,
        all_per_s=scenario.all_per_s,
        polls_per_s=scenario.polls_per_s,
        rate_per_s=entry.rate_per_s,
        telling=entry.telling,
        webhook_port=webhook_port,
    )


def _run(name: str, job: Job, folder: Path, patience_s: float) -> None:
    """Lets the contender work for as long as patience lasts."""
    with contending(name, job, folder) as process:
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            _say(f"{name}: stopped after {patience_s:.0f} s")


def _say(line: str) -> None:
    """Prints beside the tables, so that those can go to a file."""
    sys.stderr.write(line + "\n")


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _server_cpu_s(redis_url: str) -> float:
    """Reads the CPU seconds of a Valkey that only this contender used; those who don't use it leave it idle."""
    with redis.Redis.from_url(redis_url) as client:
        used = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def main() -> None:
    asked = _arguments()
    for scenario in _scenarios(asked):
        plan = ceiling.best_plan(scenario)
        looking = first_come_first_served(
            scenario.durations_s, cap=scenario.cap, creates_per_s=scenario.endpoint_per_s, lag_s=plan.lag_of
        )
        judged = []
        for entry in _entries(asked, scenario):
            _say(f"{scenario.name}: {entry.label} …")
            judged.append((entry, compete(entry)))
        bounds = [*_ideals(judged), ("looking alone, at best", looking)]
        text = report.text(scenario, bounds, judged, plan)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        report.write(RESULTS, scenario, text, bounds, judged, only=_part(asked))


def _ideals(judged: report.Judged) -> report.Bounds:
    """Computes T°, and again with the creates of each rate that was asked for."""
    ideals = {"T°: knows every end at once": judged[0][0].in_full().ideal()}
    for entry, _ in judged:
        if entry.is_ours and entry.asked_per_s:
            ideals[f"T° with {entry.asked_per_s:g} creates/s"] = entry.ideal()
    return list(ideals.items())


def _entries(asked: argparse.Namespace, scenario: Scenario) -> list[Entry]:
    entries = []
    for name in asked.only:
        if name != "forebay":
            entries.append(Entry(contender=name, scenario=scenario))
            continue
        warm_up = _warm_up(asked, scenario)  # nobody else learns anything
        entries += [
            Entry(contender=name, scenario=scenario, telling=telling, asked_per_s=rate, warm_up=warm_up)
            for rate, telling in itertools.product(asked.rate or [None], asked.told)
        ]
    return entries


def _part(asked: argparse.Namespace) -> str:
    """Names the part of everything that was measured, so that it replaces no other one."""
    parts = [] if asked.only == list(CONTENDERS) else list(asked.only)
    if asked.told != DEFAULT_TOLD:
        parts += [telling.label for telling in asked.told]
    parts += [f"{rate:g}ps" for rate in asked.rate]
    return "-".join("".join(letter for letter in part if letter.isalnum() or letter in "._") for part in parts)


def _scenarios(asked: argparse.Namespace) -> list[Scenario]:
    chosen = SCENARIOS.values() if asked.scenario == "all" else [SCENARIOS[asked.scenario]]
    spread = [replace(scenario, sigma=asked.sigma) for scenario in chosen]
    if asked.runs:
        spread = [replace(scenario, name=f"{scenario.name} long", runs=asked.runs) for scenario in spread]
    return [scenario.quick() if asked.quick else scenario for scenario in spread]


def _warm_up(asked: argparse.Namespace, scenario: Scenario) -> int:
    """Takes one turnover of all slots, where the question is what known durations are worth."""
    if asked.warm_up is None:
        return 0 if asked.sigma == UNKNOWN_SIGMA else scenario.cap
    return int(asked.warm_up)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.saturation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenario", choices=[*SCENARIOS, "all"], default="A")
    parser.add_argument("--only", type=_names, default=list(CONTENDERS), help="with commas: " + ", ".join(CONTENDERS))
    parser.add_argument("--sigma", type=float, default=UNKNOWN_SIGMA, help="0.15: a well known query")
    parser.add_argument("--runs", type=int, help="more of them: a longer time in which the first wave is forgotten")
    parser.add_argument(
        "--warm-up", type=int, help="runs that Forebay may learn from first; the cap where --sigma is given, else none"
    )
    parser.add_argument(
        "--told", default="looks,events:1,webhooks:0.3", help="how Forebay is, a row each: looks, events:SECONDS, …"
    )
    parser.add_argument("--missing", type=float, default=0.0, help="share of events that are never made")
    parser.add_argument("--late", type=float, default=0.0, help="how many seconds later events come than said")
    parser.add_argument("--late-share", type=float, default=1.0, help="share of events that do")
    parser.add_argument(
        "--rate", type=_rates, default=[], help="with commas: creates and retrieves a second that Forebay is allowed"
    )
    parser.add_argument("--quick", action="store_true", help="a quarter of cap, runs and durations")
    asked = parser.parse_args()
    asked.told = _tellings(parser, asked)
    return asked


def _tellings(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> list[Telling]:
    late = asked.late_share if asked.late else 0.0
    try:
        return [
            Telling.parse(part, missing=asked.missing, late=late, late_s=asked.late) for part in asked.told.split(",")
        ]
    except ValueError as error:
        parser.error(f"--told: {error}")


def _rates(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _names(text: str) -> list[str]:
    chosen = [name for part in text.split(",") for name in CONTENDERS if name.startswith(part.strip())]
    if len(chosen) != len(text.split(",")):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(CONTENDERS)}")
    return chosen


if __name__ == "__main__":
    main()
