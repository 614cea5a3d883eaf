"""Writes tables, figures and a picture of what a saturation bench measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from bench.account import Account, Lifetime, account, alive_curve
from bench.ceiling import Plan, round_robin_lag_s, utilisation
from bench.entry import Entry
from bench.judge import Judgement, p95
from bench.scenario import Scenario
from bench.yardstick import makespan_s

Bounds = Sequence[tuple[str, list[Lifetime]]]
Judged = Sequence[tuple[Entry, Judgement | None]]

_MEASURED = [
    "", "landed", "makespan s", "efficiency", "full use", "ceiling", "lag s", "lag p95", "requests/run", "429 cap",
    "429 rate", "CPU s", "peak alive", "doubled", "failed",
]  # fmt: skip
_SPENT = ["seconds of the makespan", "busy", "ramp", "lag", "refill", "tail", "sum"]


def text(scenario: Scenario, bounds: Bounds, judged: Judged, plan: Plan) -> str:
    """Writes both tables in Markdown."""
    ideal_s = makespan_s(bounds[0][1])
    runs = len(scenario.queries)
    accounts = [(name, _account(scenario, lives)) for name, lives in bounds]
    rows = [_bound_row(name, lives, spent, ideal_s) for (name, lives), (_, spent) in zip(bounds, accounts, strict=True)]
    for entry, judgement in judged:
        rows.append(_row(entry, judgement, plan) if judgement else [entry.label, "nothing ended"])
    accounts += [(entry.label, judgement.account) for entry, judgement in judged if judgement]
    best, turns = (utilisation(scenario, lag_s) for lag_s in (plan.lag_s, round_robin_lag_s(scenario)))
    head = (
        f"Scenario {scenario.name}: cap {scenario.cap}, {runs} runs, lognormal mean {scenario.mean_s:g} s, "
        f"sigma {scenario.sigma:g}; {scenario.endpoint_per_s:g}/s per operation, {scenario.all_per_s:g}/s in all. "
        f"Use that looking alone can reach at {scenario.polls_per_s:g} looks/s: {best:.3f}; in turn: {turns:.3f}."
    )
    return "\n\n".join([head, _table(_MEASURED, rows), _table(_SPENT, [_spent_row(*each) for each in accounts])]) + "\n"


def write(folder: Path, scenario: Scenario, page: str, bounds: Bounds, judged: Judged, *, only: str = "") -> None:
    """Writes files `saturation-NAME…`. `only` keeps a part of the contenders from replacing the whole."""
    folder.mkdir(exist_ok=True)
    parts = ["saturation", scenario.name, f"sigma{scenario.sigma:g}", only]
    stem = "-".join(filter(None, parts)).replace(" ", "-")
    (folder / f"{stem}.md").write_text(page)
    figures = {entry.label: asdict(judgement) for entry, judgement in judged if judgement}
    for figure in figures.values():
        del figure["runs"]  # they would bury the rest
    lifetimes = {entry.label: _compact(judgement.runs) for entry, judgement in judged if judgement}
    (folder / f"{stem}.json").write_text(json.dumps(figures, indent=1) + "\n")
    (folder / f"{stem}-runs.json").write_text(json.dumps(lifetimes) + "\n")
    curves = [*bounds, *((entry.label, judgement.runs) for entry, judgement in judged if judgement)]
    _draw(folder / f"{stem}.png", scenario, curves)


def _compact(runs: list[Lifetime]) -> list[list[float]]:
    """Lists [created, ended, noticed] of each run, since the first create."""
    start = min(run.created for run in runs)
    return [[round(time - start, 3) for time in (run.created, run.ended, run.noticed)] for run in runs]


def _account(scenario: Scenario, lives: list[Lifetime]) -> Account:
    return account(lives, cap=scenario.cap, until=max(run.noticed for run in lives))


def _bound_row(name: str, lives: list[Lifetime], spent: Account, ideal_s: float) -> list[str]:
    took_s, lags = makespan_s(lives), [run.noticed - run.ended for run in lives]
    cells = [name, str(len(lives)), f"{took_s:.1f}", f"{ideal_s / took_s:.3f}", f"{spent.full_use:.3f}"]
    return [*cells, "", f"{fmean(lags):.2f}", f"{p95(lags):.2f}"]


def _row(entry: Entry, judgement: Judgement, plan: Plan) -> list[str]:
    runs, ideal_s = entry.scenario.runs, makespan_s(entry.ideal())
    finished = judgement.landed == runs
    cap_429, all_429 = judgement.refused.get("cap", 0), sum(judgement.refused.values())
    return [
        entry.label,
        str(judgement.landed) if finished else f"{judgement.landed} of {runs}",
        f"{judgement.makespan_s:.1f}" if finished else f"over {judgement.makespan_s:.0f}",
        f"{ideal_s / judgement.makespan_s:.3f}" if finished else f"under {ideal_s / judgement.makespan_s:.2f}",
        f"{judgement.account.full_use:.3f}",
        f"{entry.ceiling(plan):.3f}",
        f"{judgement.lag_s:.2f}",
        f"{judgement.lag_p95_s:.2f}",
        f"{judgement.requests_per_run:.1f}",
        str(cap_429),
        str(all_429 - cap_429),
        f"{judgement.cpu_s:.0f}",
        str(judgement.peak_alive),
        str(judgement.doubled),
        str(judgement.failed),
    ]


def _spent_row(name: str, spent: Account) -> list[str]:
    parts = [spent.busy_s, spent.ramp_s, spent.lag_s, spent.refill_s, spent.tail_s]
    return [name, *(f"{part:.1f}" for part in [*parts, sum(parts)])]


def _table(columns: list[str], rows: list[list[str]]) -> str:
    full = [row + [""] * (len(columns) - len(row)) for row in [columns, *rows]]
    widths = [max(map(len, column)) for column in zip(*full, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in full]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def _draw(path: Path, scenario: Scenario, curves: Bounds) -> None:
    """Draws one strip a contender: how many runs were alive, second by second."""
    import matplotlib as mpl  # here, so that the short form in the tests does without it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, strips = plt.subplots(len(curves), 1, sharex=True, figsize=(9, 1.4 * len(curves)), squeeze=False)
    for strip, (name, runs) in zip(strips[:, 0], curves, strict=True):
        times, counts = alive_curve(runs)
        strip.fill_between(times, counts, step="post", linewidth=0, alpha=0.75)
        strip.axhline(scenario.cap, linewidth=0.8, color="black")
        strip.axvline(makespan_s(curves[0][1]), linewidth=0.8, linestyle="--", color="black")
        strip.set_title(name, loc="left", fontsize=9)
        strip.set_ylim(0, scenario.cap * 1.08)
    strips[-1, 0].set_xlabel("seconds since the first create; dashed: T°")
    figure.suptitle(f"Runs alive, scenario {scenario.name}, cap {scenario.cap}, sigma {scenario.sigma:g}", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
