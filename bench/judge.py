"""Judges a contender by the sandbox's own counts; its word is taken only for what no server can see."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

import httpx

from bench.account import Account, Lifetime, account
from bench.scenario import Scenario, fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One contender in one scenario."""

    name: str
    landed: int
    failed: int
    doubled: int
    """Queries that were executed more than once."""
    makespan_s: float
    """First create → last result on disk."""
    requests_per_run: float
    """Creates, retrieves and questions for events, refused ones too; downloads go to another host."""
    refused: dict[str, int]
    """429s by reason."""
    cpu_s: float
    lag_s: float
    lag_p95_s: float
    peak_alive: int
    overrun_s: float
    """By how much the sandbox was late to end a run, on average: its load, not the contender's."""
    runs: list[Lifetime]
    account: Account


def judge(name: str, scenario: Scenario, url: str, folder: Path, cpu_s: float) -> Judgement | None:
    """Judges what a contender left in `folder` and at the sandbox; None if not a single run ended."""
    with httpx.Client(base_url=url, timeout=60) as http:
        counts, listed = http.get("/sandbox/counts").json(), [run for run in every_run(http) if run["ended"]]
    if not listed:
        return None
    notes = _notes(folder)
    numbers = {fingerprint(sql): number for number, sql in enumerate(scenario.queries)}
    runs = [_lifetime(run, notes.get(numbers[run["sql_sha256"]])) for run in listed]
    landed = [note["landed"] for note in notes.values() if note["landed"]]
    last = max([*landed, *(run.ended for run in runs)])
    lags = [run.noticed - run.ended for run in runs]
    executions = Counter(run["sql_sha256"] for run in listed)
    return Judgement(
        name=name,
        landed=len(landed),
        failed=sum(note["error"] is not None for note in notes.values()),
        doubled=sum(count > 1 for count in executions.values()),
        makespan_s=last - min(run.created for run in runs),
        requests_per_run=requests_made(counts) / len(listed),
        refused=counts["refused_429"],
        cpu_s=cpu_s,
        lag_s=fmean(lags),
        lag_p95_s=p95(lags),
        peak_alive=max(scope["peak_alive"] for scope in counts["scopes"].values()),
        overrun_s=fmean(run.ended - run.created - known["duration_s"] for run, known in zip(runs, listed, strict=True)),
        runs=runs,
        account=account(runs, cap=scenario.cap, until=last),
    )


def p95(values: Sequence[float]) -> float:
    """Gives the value that 95 % do not exceed."""
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def every_run(http: httpx.Client) -> Iterator[dict[str, Any]]:
    """Yields all runs that the sandbox had."""
    start: int | None = 0
    while start is not None:
        page = http.get("/sandbox/runs", params={"start": start, "limit": 1000}).json()
        yield from page["data"]
        start = page["next_start"]


def _notes(folder: Path) -> dict[int, dict[str, Any]]:
    lines = [json.loads(line) for path in folder.glob("notes-*.jsonl") for line in path.read_text().splitlines()]
    return {line["number"]: line for line in lines}


def _lifetime(run: dict[str, Any], note: dict[str, Any] | None) -> Lifetime:
    created, ended = (datetime.fromisoformat(run[name]).timestamp() for name in ("created", "ended"))
    return Lifetime(created, ended, max(ended, note["noticed"]) if note else ended)


def requests_made(counts: dict[str, Any]) -> int:
    """Counts what was asked of the API for runs: creates, retrieves, lists of events."""
    return sum(
        sum(counts["requests"].get(operation, {}).values()) for operation in ("create", "retrieve", "list_events")
    )
