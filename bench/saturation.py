"""Measures how full the slots are kept, and at what cost: Forebay beside what one would write or take today.

    python -m bench.saturation [--scenario A|B|all] [--only forebay,sdk] [--sigma 0.15] [--runs 2000] [--quick]

Each contender does the same job against a sandbox of its own with Stripe's request limits. Prints tables, and writes
them, the figures behind them and a picture to `bench/results/`. What the columns mean: `bench/README.md`.
"""

import argparse
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import redis

from bench import ceiling, report
from bench.account import Lifetime
from bench.judge import Judgement, judge
from bench.peers.job import Job
from bench.scenario import SCENARIOS, Scenario
from bench.yardstick import first_come_first_served, makespan_s
from tests.servers.processes import environment, sandbox
from tests.servers.valkey import valkey_server

CONTENDERS = {
    "forebay": "Forebay, 2 workers",
    "dtex_threads": "dtex's SigmaClient in threads",
    "celery_loop": "Celery retry loop, 2 workers",
    "sdk_threads": "official SDK in threads",
}
RESULTS = Path(__file__).parent / "results"
#: A contender that needs more than this many T° is stopped and reported as it stands.
PATIENCE = 4
#: The spread of durations where nothing is known of a query.
UNKNOWN_SIGMA = 0.6
#: Starting processes, and the warm-up of those who have one.
START_S = 60


def compete(name: str, scenario: Scenario, warm_up: int = 0) -> Judgement | None:
    """Lets one contender work, with a sandbox and a Valkey of its own."""
    ideal_s = makespan_s(ideal(scenario))
    with tempfile.TemporaryDirectory(prefix="saturation-") as made, valkey_server() as redis_url:
        folder = Path(made)
        with sandbox(folder / "sandbox.log", *scenario.sandbox_options) as url:
            job = job_of(scenario, url, redis_url, folder, warm_up)
            before_s = _children_cpu_s()
            _run(name, job, folder, PATIENCE * ideal_s * (2 if warm_up else 1) + START_S)
            cpu_s = _children_cpu_s() - before_s + _server_cpu_s(redis_url)
            return judge(name, scenario, url, folder, cpu_s)


def ideal(scenario: Scenario) -> list[Lifetime]:
    """Computes what an observer that knows each end would reach."""
    return first_come_first_served(scenario.durations_s, cap=scenario.cap, creates_per_s=scenario.endpoint_per_s)


def job_of(scenario: Scenario, url: str, redis_url: str, folder: Path, warm_up: int) -> Job:
    """Says a scenario as the job that each contender gets."""
    return Job(
        url=url,
        key="rk_live_51Bench" if scenario.livemode else "rk_test_51Bench",
        redis_url=redis_url,
        folder=str(folder),
        queries=scenario.queries,
        warm_up=scenario.warm_up(warm_up),
        cap=scenario.cap,
        endpoint_per_s=scenario.endpoint_per_s,
        all_per_s=scenario.all_per_s,
        polls_per_s=scenario.polls_per_s,
    )


def _run(name: str, job: Job, folder: Path, patience_s: float) -> None:
    """Starts the contender as a process group of its own, and ends the group if patience does."""
    job.save(folder / "job.json")
    command = [sys.executable, "-m", f"bench.peers.{name}", str(folder / "job.json")]
    env = environment(BENCH_JOB=str(folder / "job.json"))
    with (folder / "contender.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        _say(f"{name}: stopped after {patience_s:.0f} s")
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
    if process.returncode > 0:
        _say(f"{name} failed:\n{(folder / 'contender.log').read_text()[-2000:]}")


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
        for name in asked.only:
            _say(f"{scenario.name}: {name} …")
            warm_up = _warm_up(asked, scenario) if name == "forebay" else 0  # nobody else learns anything
            judged.append((CONTENDERS[name], compete(name, scenario, warm_up)))
        bounds = [("T°: knows every end at once", ideal(scenario)), ("looking alone, at best", looking)]
        text = report.text(scenario, bounds, judged, plan)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        part = "" if asked.only == list(CONTENDERS) else "-".join(asked.only)
        report.write(RESULTS, scenario, text, bounds, judged, only=part)


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
    parser.add_argument("--quick", action="store_true", help="a quarter of cap, runs and durations")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    chosen = [name for part in text.split(",") for name in CONTENDERS if name.startswith(part.strip())]
    if len(chosen) != len(text.split(",")):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(CONTENDERS)}")
    return chosen


if __name__ == "__main__":
    main()
