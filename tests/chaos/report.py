"""Writes docs/reliability.md from the results of all runs, and prints what came of one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos.kinds.catalog import KINDS
from tests.chaos.results import ROOT, FaultTally, Outcome
from tests.deaths.death_rows import ROWS

PAGE = ROOT / "docs" / "reliability.md"
#: What is generated stands between a mark with its name and the end mark.
END = "<!-- end -->"
#: The issue's target.
MOST_KINDS, MOST_RUNS = 25, 100_000


def parts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Writes the generated parts of the page, by the name in their mark."""
    return {"faults": faults(outcomes), "deaths": deaths()}


def between(page: str, name: str) -> tuple[str, str, str]:
    """Divides a page at the marks of a part: up to the mark, the part, and from the end mark on."""
    before, mark, rest = page.partition(f"<!-- {name}: python -m tests.chaos --report -->")
    part, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"the page has no place for {name}")
    return before + mark, part.strip(), end + after


def deaths() -> str:
    """Writes the table of step deaths."""
    lines = ["| step | what it does there | it dies before | it dies after |", "|---|---|---|---|"]
    for row in ROWS:
        after = "the same" if row.after == row.before else row.after
        lines.append(f"| {row.step} | `{row.operation}` | {row.before} | {after} |")
    return "\n".join(lines)


def faults(outcomes: Sequence[Outcome]) -> str:
    """Writes the table by fault."""
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
        *_circumstances(outcomes),
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


def _circumstances(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Tells on which Redis and beside which release how much was done, and how slow the machine was."""
    yield "| Redis | other release | runs of the command | queries | cap | violations | slower than alone, times |"
    yield "|---|---|---|---|---|---|---|"
    for redis, beside in sorted({(outcome.redis, outcome.beside) for outcome in outcomes}):
        alike = [outcome for outcome in outcomes if (outcome.redis, outcome.beside) == (redis, beside)]
        caps, slow = [outcome.cap for outcome in alike], [outcome.slowdown for outcome in alike if outcome.slowdown]
        violations = sum(len(outcome.violations) for outcome in alike)
        yield (
            f"| {redis} | {beside or 'a copy'} | {len(alike)} | {sum(outcome.runs for outcome in alike):,} "
            f"| {_span(caps)} | {violations} | {_span(slow)} |"
        )


def _span(values: Sequence[float]) -> str:
    """Writes the smallest and the largest."""
    return " to ".join(f"{value:g}" for value in sorted({min(values), max(values)})) if values else "not measured"


def write(outcomes: Sequence[Outcome], page: Path = PAGE) -> None:
    """Puts them into the page."""
    text = page.read_text()
    for name, part in parts(outcomes).items():
        before, _, after = between(text, name)
        text = f"{before}\n\n{part}\n\n{after}"
    page.write_text(text)


def summary(outcome: Outcome) -> Iterator[str]:
    """Says what came of one run, line by line."""
    times = sum(tally.times for tally in outcome.faults.values())
    yield (
        f"seed {outcome.seed}: {outcome.runs} queries in {outcome.batches} batches, {outcome.landed} landed, "
        f"{outcome.failed} failed for their own reason, {outcome.canceled} canceled, peak {outcome.peak} of "
        f"{outcome.cap}, {times} faults of {len(outcome.faults)} kinds, "
        f"worst standstill {outcome.standstill_s:.0f} s, {outcome.seconds:.0f} s, {outcome.slowdown} times "
        f"slower than alone on this machine"
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
