"""Makes one run: a load, the faults of a schedule, time to settle, and the judgement."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.heartbeat import beating
from tests.chaos.judge import Judge, Verdict
from tests.chaos.kinds.releases import PREVIOUS
from tests.chaos.observing import Observer, Standstill
from tests.chaos.owing import failed_without_reason, unsettled
from tests.chaos.playing import Plan, Struck, play
from tests.chaos.results import FaultTally, Outcome, revision
from tests.chaos.stage import Stage, stage

#: How long all may take to settle once load and faults are over. Stripe's own times are seconds here; what takes
#: longer are custodies and resends of a minute each.
SETTLE_S = 420.0
#: Retries of what Stripe, the network or a store failed: such a run can always land in the end.
MOST_RETRIES = 5
#: A violation is laid at the door of the faults that struck within so many seconds before it.
BLAME_S = 90.0


def run(plan: Plan, folder: Path) -> Outcome:
    """Makes the run, and gives what came of it."""
    began = time.time()
    with (
        stage(folder, plan.cast, plan.load) as made,
        beating(folder) as heartbeat,
        Observer(made).watching() as observer,
    ):
        struck = play(plan, made)
        made.over.set()
        settled = settle(made)
        for still in observer.standstills:
            still.slowdown = heartbeat.slowdown(still.since, still.until)
        verdict, executions = judge(made, settled=settled, standstills=observer.standstills, struck=struck)
        tallies = _tallies(executions, verdict, observer.standstills, struck)
        return _outcome(plan, verdict, observer.standstills, tallies, began, heartbeat.slowdown(began, time.time()))


def judge(
    made: Stage, *, settled: bool, standstills: list[Standstill], struck: Sequence[Struck]
) -> tuple[Verdict, list[dict[str, Any]]]:
    """Ends the workers, and judges all that there is to judge; gives the sandbox's list of runs too."""
    judging = Judge(made)
    judging.judge_runs()
    if settled:
        judging.judge_rest()
    else:
        judging.verdict.add("lost", f"not settled within {SETTLE_S:.0f} s: {', '.join(unsettled(made))[:400]}")
    judging.judge_ended({service.name: service.stop() for service in made.services})
    judging.judge_standstills(standstills)
    for each in struck:
        if each.error:
            judging.verdict.add("driver", f"{each.strike.kind.name}: {each.error}", each.since)
    return judging.verdict, judging.executions


def settle(made: Stage) -> bool:
    """Waits until every batch of the ledger has settled, and retries what should not have failed."""
    end = time.time() + SETTLE_S
    for _ in range(MOST_RETRIES + 1):
        while left := unsettled(made):
            if time.time() > end:
                return False
            time.sleep(1)
        again = failed_without_reason(made)
        if not again:
            return True
        for batch in again:
            made.forebay("retry", batch, "--failed", "--json")
    return not left


def _outcome(
    plan: Plan,
    verdict: Verdict,
    standstills: list[Standstill],
    tallies: dict[str, FaultTally],
    began: float,
    slowdown: float,
) -> Outcome:
    return Outcome(
        at=datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"),
        revision=revision(),
        seed=plan.seed,
        seconds=round(time.time() - began, 1),
        redis=plan.cast.redis,
        beside=os.environ.get(PREVIOUS, ""),
        slowdown=slowdown,
        cap=plan.cast.cap,
        peak=verdict.peak,
        batches=verdict.batches,
        runs=verdict.runs,
        landed=verdict.landed,
        failed=verdict.failed,
        canceled=verdict.canceled,
        standstill_s=round(max((still.seconds for still in standstills), default=0.0), 1),
        explained=sorted({text for still in standstills for text in still.explained})[:20],
        violations=[asdict(violation) for violation in verdict.violations],
        faults=tallies,
        notes=verdict.notes,
    )


def _tallies(
    executions: list[dict[str, Any]], verdict: Verdict, standstills: list[Standstill], struck: Sequence[Struck]
) -> dict[str, FaultTally]:
    ended = [run for run in executions if run["ended"]]
    spans = [tuple(datetime.fromisoformat(run[name]).timestamp() for name in ("created", "ended")) for run in ended]
    tallies: dict[str, FaultTally] = {}
    for each in struck:
        tally = tallies.setdefault(each.strike.kind.name, FaultTally())
        tally.times += 1
        tally.touched += sum(created <= each.until and ended >= each.since for created, ended in spans)
        tally.lost += _blamed(verdict, "lost", each)
        tally.doubled += _blamed(verdict, "doubled", each)
        still = [one.seconds for one in standstills if each.since - 1 <= one.since <= each.until + 1]
        tally.standstill_s = round(max([tally.standstill_s, *still]), 1)
    return tallies


def _blamed(verdict: Verdict, rule: str, struck: Struck) -> int:
    """Counts violations of a rule within some time after a fault; one without a time is every fault's."""
    return sum(
        violation.rule == rule and (violation.at is None or struck.since <= violation.at <= struck.until + BLAME_S)
        for violation in verdict.violations
    )
