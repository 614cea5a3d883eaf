"""Measures what work costs, and what nothing costs: a run, an idle hour, a thousand lanes, a first second.

    python -m bench.cost                                   # all of it: some 25 minutes
    python -m bench.cost --only throughput,claims          # these rows alone
    python -m bench.cost --only idle --workers 2           # --lanes 500
    python -m bench.cost --contenders forebay,sdk          # throughput and looks beside fewer others
    python -m bench.cost --quick                           # a small form of each row, written nowhere

Prints a table, now beside what was demanded, and one of the contenders; writes them to `results/cost.md`, with
the numbers behind them and a picture. A row that was not asked for stays there as it was measured last. Stripe is the
stand-in of `bench/costs/light_server.py`, whose own CPU stands beside. What rows mean: `bench/README.md`.
"""

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bench.costs import claims_row, first_second_row, following_row, lanes_rows, runs_row
from bench.costs.figure import CostFigure
from bench.entry import CONTENDERS
from bench.figures import RESULTS, picture, table
from bench.scenario import Scenario

#: What each contender is made of.
NEEDED = {"forebay": "forebay", "dtex_threads": "dtex", "celery_loop": "celery", "sdk_threads": "stripe"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCosts:
    """What is measured, and in which size."""

    rows: tuple[str, ...]
    contenders: tuple[str, ...]
    lanes: int
    workers: int
    quick: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """A row as it was measured, and under what."""

    at: str
    load: str
    figures: list[CostFigure]
    contenders: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lines: Mapping[str, list[str]] = field(default_factory=dict)
    """Of the table of contenders."""

    def over(self, before: "MeasuredRow | None") -> "MeasuredRow":
        """Keeps of what was measured before what was not asked for now."""
        if before is None:
            return self
        return replace(
            self,
            figures=self.figures or before.figures,
            contenders={**before.contenders, **self.contenders},
            lines={**before.lines, **self.lines},
        )


def _work(scenario: Scenario) -> Callable[[AskedCosts], MeasuredRow]:
    def measured(asked: AskedCosts) -> MeasuredRow:
        chosen = replace(scenario, runs=60) if asked.quick and not scenario.mean_s > 1 else scenario
        chosen = chosen.quick() if asked.quick and scenario.mean_s > 1 else chosen
        worked = [
            runs_row.ours(chosen) if name == "forebay" else runs_row.theirs(name, chosen)
            for name in asked.contenders
            if _installed(NEEDED[name])
        ]
        own = [each for each in worked if each.contender == "forebay"]
        return _measured(
            [figure for each in own for figure in runs_row.figures(each, scenario)],
            contenders={each.contender: each.found() for each in worked},
            lines={each.contender: [*each.cells(), f"{datetime.now(UTC):%H:%M}"] for each in worked},
        )

    return measured


def _idle(asked: AskedCosts) -> MeasuredRow:
    lanes, workers = (20, 1) if asked.quick else (asked.lanes, asked.workers)
    return _measured(lanes_rows.idle_figures(lanes, workers, 2 if asked.quick else 30, *_settled(asked)))


def _one_worker(asked: AskedCosts) -> MeasuredRow:
    lanes, trials = (50, 2) if asked.quick else (5_000, 20)
    return _measured(lanes_rows.one_worker_figures(lanes, trials, 2 if asked.quick else 20, *_settled(asked)))


def _settled(asked: AskedCosts) -> tuple[float, ...]:
    return (1.0,) if asked.quick else ()


def _due(asked: AskedCosts) -> MeasuredRow:
    return _measured(lanes_rows.due_figures(10 if asked.quick else 1_000, 20))


def _claims(asked: AskedCosts) -> MeasuredRow:
    return _measured(claims_row.figures(50 if asked.quick else 1_000))


def _first(asked: AskedCosts) -> MeasuredRow:
    return _measured(first_second_row.figures(1 if asked.quick else 5))


def _following(asked: AskedCosts) -> MeasuredRow:
    sizes = (1_000, 5, 3) if asked.quick else (1_000_000, 500, 20)
    return _measured([*following_row.figures(*sizes)])


ROWS: dict[str, Callable[[AskedCosts], MeasuredRow]] = {
    "throughput": _work(runs_row.THROUGHPUT),
    "looks": _work(runs_row.LOOKS),
    "claims": _claims,
    "idle": _idle,
    "one-worker": _one_worker,
    "due": _due,
    "first": _first,
    "following": _following,
}


def _measured(figures: list[CostFigure], **others: Any) -> MeasuredRow:
    load = "/".join(f"{each:.1f}" for each in os.getloadavg())
    return MeasuredRow(at=f"{datetime.now(UTC):%Y-%m-%d %H:%M}", load=load, figures=figures, **others)


def page(rows: Mapping[str, MeasuredRow]) -> str:
    """Writes the tables in Markdown."""
    ordered = {name: rows[name] for name in ROWS if name in rows}
    lines = [
        [*figure.cells(), f"`{name}` {row.at}, load {row.load}"]
        for name, row in ordered.items()
        for figure in row.figures
    ]
    parts = [table(["", "now", "demanded", "row, measured (UTC), load after it"], lines)]
    for name, row in ordered.items():
        if len(row.lines) > 1:
            lines = [row.lines[contender] for contender in CONTENDERS if contender in row.lines]
            parts.append(f"{name.capitalize()}, beside others:\n\n{table([*runs_row.HEADS, 'UTC'], lines)}")
    return "\n\n".join(parts) + "\n"


def _kept() -> dict[str, MeasuredRow]:
    """Reads what was measured before."""
    path = RESULTS / "cost.json"
    said = json.loads(path.read_text()) if path.exists() else {}
    return {
        name: MeasuredRow(**{**row, "figures": [CostFigure(**figure) for figure in row["figures"]]})
        for name, row in said.items()
    }


def write(rows: Mapping[str, MeasuredRow]) -> None:
    """Writes the page, the numbers and the picture; rows that were not measured now stay as they were."""
    RESULTS.mkdir(exist_ok=True)
    before = _kept()
    whole = {**before, **{name: row.over(before.get(name)) for name, row in rows.items()}}
    said = {name: asdict(row) for name, row in whole.items()}
    (RESULTS / "cost.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    (RESULTS / "cost.md").write_text(page(whole))
    _draw({name: row.contenders for name, row in whole.items() if row.contenders})


def _draw(by_row: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Draws the CPU of a run for each contender, by process."""
    if not by_row or not _installed("matplotlib"):
        return
    with picture("cost", 1, len(by_row), (6 * len(by_row), 3.5)) as (_, axes):
        for axis, (name, found_by) in zip(axes[0], by_row.items(), strict=True):
            contenders = {contender: found_by[contender] for contender in CONTENDERS if contender in found_by}
            left = dict.fromkeys(contenders, 0.0)
            for part in dict.fromkeys(part for found in contenders.values() for part in found):
                if part.startswith("ms_a_run ") and part != "ms_a_run stand-in":
                    widths = [found.get(part, 0.0) for found in contenders.values()]
                    names = [CONTENDERS[contender] for contender in contenders]
                    axis.barh(names, widths, left=[*left.values()], label=part.removeprefix("ms_a_run "))
                    left = {each: left[each] + width for each, width in zip(left, widths, strict=True)}
            axis.set_title(f"{name}: CPU a run, ms")
            axis.invert_yaxis()
            axis.legend()


def main() -> None:
    asked = _arguments()
    rows = {}
    for name in asked.rows:
        sys.stderr.write(f"{name} …\n")
        rows[name] = ROWS[name](asked)
        if not asked.quick:
            write({name: rows[name]})  # what comes next may fail, or be ended
    sys.stdout.write(page(rows))


def _arguments() -> AskedCosts:
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", type=_rows, default=tuple(ROWS), help="with commas: " + ", ".join(ROWS))
    parser.add_argument(
        "--contenders", type=_contenders, default=tuple(CONTENDERS), help="with commas: " + ", ".join(CONTENDERS)
    )
    parser.add_argument("--lanes", type=int, default=500, help="of the row idle")
    parser.add_argument("--workers", type=int, default=8, help="of the row idle")
    parser.add_argument("--quick", action="store_true", help="a small form of each row, which is written nowhere")
    asked = parser.parse_args()
    return AskedCosts(
        rows=asked.only,
        contenders=asked.contenders,
        lanes=asked.lanes,
        workers=asked.workers,
        quick=asked.quick,
    )


def _rows(text: str) -> tuple[str, ...]:
    return _chosen(text, ROWS)


def _contenders(text: str) -> tuple[str, ...]:
    return _chosen(text, CONTENDERS)


def _installed(package: str) -> bool:
    """Says whether it is, and where to get it if not: `bench/requirements.txt` is no part of `make install`."""
    if importlib.util.find_spec(package):
        return True
    sys.stderr.write(f"left out, since {package} is not installed: see bench/README.md\n")
    return False


def _chosen(text: str, known: Mapping[str, object]) -> tuple[str, ...]:
    chosen = [name for part in text.split(",") for name in known if name.startswith(part.strip())]
    if len(chosen) != len(text.split(",")):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(known)}")
    return tuple(chosen)


if __name__ == "__main__":
    main()
