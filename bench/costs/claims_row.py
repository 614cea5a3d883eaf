"""Measures what two scripts cost that a lane calls often: a claim of nothing, and `ready` with the grant it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.costs.figure import CostFigure
from bench.costs.spent import executed
from bench.governor import CAP, CLAIM, CUSTODY_MS, fill, live, submit
from forebay.governor.contract import Custody, LaneLimits
from forebay.governor.governor import Governor
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from tests.servers.valkey import valkey_server

#: What the pump says at each claim (`worker/bootsteps.py`).
_SWEEP_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCost:
    """What one call of a script costs the server."""

    commands: float
    micros: float


def claims_of_nothing(client: Any, times: int) -> dict[str, ScriptCost]:
    """Claims in a lane that has nothing, and in one whose slots are all taken and that has nothing due."""
    empty, _ = fill(client, CLAIM, 1)
    empty.configure(LaneLimits(cap=CAP))
    live(empty, CLAIM)  # all that it has
    cost = {"of a lane that has nothing": _cost(client, times, lambda: _claim(empty))}
    full, _ = fill(client, 2 * CAP, 1)
    full.configure(LaneLimits(cap=CAP))
    live(full, 1)
    while _claim(full):
        pass
    return {**cost, f"of one with {CAP} runs alive": _cost(client, times, lambda: _claim(full))}


def ready_with_grant(client: Any, times: int) -> ScriptCost:
    """Ends runs while others wait, so that each call grants one."""
    governor, _ = fill(client, 2 * CAP + times + CLAIM, 1)
    governor.configure(LaneLimits(cap=CAP))
    live(governor, CAP)  # every script is loaded
    calls, commands, micros = 0, 0.0, 0.0
    while calls < times:
        ended = _seen_ended(governor)
        if not ended:
            continue
        each = iter(ended)
        cost = _cost(client, len(ended), lambda each=each: _end(governor, next(each)))
        calls += len(ended)
        commands, micros = commands + len(ended) * cost.commands, micros + len(ended) * cost.micros
        for custody in ended:
            governor.finish(custody, RunState.LANDED, stored_bytes=1000, records=10)
    return ScriptCost(commands=commands / calls, micros=micros / calls)


def _claim(governor: Governor) -> int:
    due = governor.claim(submits=CLAIM, downloads=CLAIM, polls=CLAIM, sweep_ms=_SWEEP_MS).due
    return sum(map(len, due.values()))


def _seen_ended(governor: Governor) -> list[Custody]:
    claims = governor.claim(submits=CLAIM, downloads=CLAIM, polls=CLAIM)
    for claimed in claims.due[Step.SUBMIT]:
        submit(governor, claimed)
    begun = (governor.begin(claimed, RunState.RUNNING, CUSTODY_MS) for claimed in claims.due[Step.POLL])
    return [custody for custody in begun if custody]


def _end(governor: Governor, custody: Custody) -> None:
    governor.ready(custody, took=custody.took(None), landing_ms=CUSTODY_MS)


def _cost(client: Any, times: int, call: Callable[[], object]) -> ScriptCost:
    """Measures calls; what a script does once a second is among it where they are few."""
    before, micros = executed(client), _script_micros(client)
    for _ in range(times):
        call()
    return ScriptCost(commands=(executed(client) - before) / times, micros=(_script_micros(client) - micros) / times)


def _script_micros(client: Any) -> float:
    return float(client.info("commandstats").get("cmdstat_evalsha", {"usec": 0})["usec"])


def figures(times: int) -> list[CostFigure]:
    """Measures both, so many times each."""
    with valkey_server() as url, connect(url) as client:
        nothing, ready = claims_of_nothing(client, times), ready_with_grant(client, times)
    lines = [_line(f"a claim of nothing, {where}", cost, "≤ 12 commands") for where, cost in nothing.items()]
    return [*lines, _line("`ready` with its grant", ready, "≤ 28 commands")]


def _line(what: str, cost: ScriptCost, demanded: str) -> CostFigure:
    return CostFigure(
        what=what,
        now=f"{cost.commands:.0f} commands, {cost.micros:.0f} µs",
        demanded=demanded,
        found={"commands": cost.commands, "micros": cost.micros},
    )
