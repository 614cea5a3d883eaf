"""Writes docs/reliability.md from the results of all runs, and prints what came of one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos.kinds.catalog import KINDS
from tests.chaos.results import ROOT, FaultTally, Outcome

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- begin: python -m tests.chaos --report -->", "<!-- end -->"
#: The issue's target.
MOST_KINDS, MOST_RUNS = 25, 100_000


def text(outcomes: Sequence[Outcome]) -> str:
    """Writes what stands between the marks of the page."""
    runs = sum(outcome.runs for outcome in outcomes)
    tallies = _tallies(outcomes)
    struck = sum(tally.times > 0 for tally in tallies.values())
    lost, doubled, over, other = (_sum(outcomes, rule) for rule in ("lost", "doubled", "over the cap", ""))
    lines = [
        f"{len(outcomes)} runs of the command, {runs:,} queries, {sum(tally.times for tally in tallies.values()):,} "
        f"faults of {struck} kinds.",
        "",
        "| | so far | target |",
        "|---|---|---|",
        f"| kinds of faults | {struck} | ≥ {MOST_KINDS} |",
        f"| queries | {runs:,} | ≥ {MOST_RUNS:,} |",
        f"| lost | {lost} | 0 |",
        f"| doubled | {doubled} | 0 |",
        f"| runs of the command that passed the cap | {over} | 0 |",
        f"| other violations | {other} | 0 |",
        "",
        "| fault | what happens | times | runs touched | lost | doubled | worst standstill |",
        "|---|---|---|---|---|---|---|",
    ]
    does = {kind.name: kind.does for kind in KINDS}
    for name, tally in sorted(tallies.items()):
        lines.append(
            f"| {name} | {does.get(name, '')} | {tally.times:,} | {tally.touched:,} | {tally.lost} | {tally.doubled} "
            f"| {tally.standstill_s:.0f} s |"
        )
    return "\n".join(lines)


def write(outcomes: Sequence[Outcome], page: Path = PAGE) -> None:
    """Puts it into the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text(outcomes)}\n\n{END}{after}")


def summary(outcome: Outcome) -> Iterator[str]:
    """Says what came of one run, line by line."""
    times = sum(tally.times for tally in outcome.faults.values())
    yield (
        f"seed {outcome.seed}: {outcome.runs} queries in {outcome.batches} batches, {outcome.landed} landed, "
        f"{outcome.failed} failed for their own reason, {outcome.canceled} canceled, peak {outcome.peak} of "
        f"{outcome.cap}, {times} faults of {len(outcome.faults)} kinds, "
        f"worst standstill {outcome.standstill_s:.0f} s, {outcome.seconds:.0f} s"
    )
    yield from (f"  note: {note}" for note in outcome.notes)
    for violation in outcome.violations:
        at = f" at {violation['at']:.1f}" if violation["at"] else ""
        yield f"  VIOLATION ({violation['rule']}){at}: {violation['evidence']}"


def _tallies(outcomes: Sequence[Outcome]) -> dict[str, FaultTally]:
    tallies = {kind.name: FaultTally() for kind in KINDS}
    for outcome in outcomes:
        for name, tally in outcome.faults.items():
            tallies.setdefault(name, FaultTally()).add(tally)
    return tallies


def _sum(outcomes: Sequence[Outcome], rule: str) -> int:
    if rule:
        return sum(outcome.count(rule) for outcome in outcomes)
    told = ("lost", "doubled", "over the cap")
    return sum(violation["rule"] not in told for outcome in outcomes for violation in outcome.violations)
