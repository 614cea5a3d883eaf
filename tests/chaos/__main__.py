"""Breaks a whole deployment by a schedule of faults that a seed decides, and judges what came of it.

    python -m tests.chaos --seed 7 --queries 2000 --cap 50 --faults all
    python -m tests.chaos --seed 7 --schedule            prints the faults and their moments, and does nothing
    python -m tests.chaos --minutes 60                   seed after seed, for so long
    python -m tests.chaos --soak 60                      an hour of steady work: nothing may grow
    python -m tests.chaos --report                       writes docs/reliability.md from all results

Ends with 1 if anything was lost, doubled, wrong, left behind or kept silent; docs/reliability.md says what is judged.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import report, results, soak
from tests.chaos.kinds.catalog import chosen
from tests.chaos.load import Load
from tests.chaos.playing import Plan, say
from tests.chaos.redis_servers import FORMS
from tests.chaos.run import run
from tests.chaos.stage import Cast


def plan(asked: argparse.Namespace, seed: int) -> Plan:
    """Makes the plan of one seed."""
    return Plan(
        seed=seed,
        queries=asked.queries,
        backlog=5 * asked.cap,
        cast=Cast(cap=asked.cap, redis=asked.redis),
        load=Load(mean_s=asked.mean, large=0.01, parts=0.0004, on_disk=0.7),
        kinds=chosen(asked.faults),
        within_s=asked.round,
    )


def one(asked: argparse.Namespace, seed: int) -> bool:
    """Makes the run of one seed, keeps what came of it, and says whether all was well."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    outcome = run(plan(asked, seed), folder)
    results.append(outcome, asked.results)
    for line in report.summary(outcome):
        say(line)
    if outcome.violations:
        say(f"  its logs: {folder}; again: --seed {seed} --queries {asked.queries} --cap {asked.cap}")
    else:
        shutil.rmtree(folder)
    return not outcome.violations


def soaked(minutes: float, folder: Path) -> bool:
    """Lets a deployment work, keeps numbers and picture, and says whether nothing grew."""
    samples = soak.soak(minutes, Path(tempfile.mkdtemp(prefix="soak-")))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.svg").write_text(soak.picture(samples))
    lines = [*soak.table(samples)]
    (folder / "soak.md").write_text("\n".join([f"{minutes:g} minutes, {results.revision()}.", "", *lines, ""]))
    say("\n".join(lines))
    return not any(soak.leaks(each) for each in samples.values())


def main() -> int:
    asked = _arguments()
    if asked.soak:
        return 0 if soaked(asked.soak, asked.results.parent) else 1
    if asked.report:
        report.write([*results.read(asked.results)])
        return 0
    if asked.schedule:
        for strike in plan(asked, asked.seed).first_round:
            sys.stdout.write(f"{strike}\n")
        return 0
    seed, well, end = asked.seed, True, time.monotonic() + 60 * asked.minutes
    while True:
        well = one(asked, seed) and well
        seed += 1
        if time.monotonic() >= end:
            return 0 if well else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--cap", type=int, default=50)
    parser.add_argument("--mean", type=float, default=1.2, help="seconds of a query at Stripe; they vary by half")
    parser.add_argument("--faults", default="all", help="all, quick, or names with commas, each the begin of some")
    parser.add_argument("--round", type=float, default=300, help="seconds, at least, in which each kind strikes once")
    parser.add_argument("--redis", choices=FORMS, default="single", help="the form in which Redis is run")
    parser.add_argument("--minutes", type=float, default=0, help="go on with the next seeds for so long")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES", help="steady work without faults")
    parser.add_argument("--results", type=Path, default=results.RESULTS)
    parser.add_argument("--schedule", action="store_true", help="only print the schedule")
    parser.add_argument("--report", action="store_true", help="only write docs/reliability.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
