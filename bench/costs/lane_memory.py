"""Measures what a lane, a flow, a query's durations and a run that is alive take of a Redis's memory.

By MEMORY USAGE of each key, on a lane that lives through one batch in the calls of the steps (`bench/governor.py`).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench.governor import CUSTODY_MS, PLENTY, submit
from forebay.governor.contract import LaneLimits
from forebay.governor.durations import took_between
from forebay.governor.governor import Governor
from forebay.governor.keys import BATCHES, LANES
from forebay.governor.states import RunState, Step
from tests.governor.driver import reconcile

#: A lane, a batch and a query with names as they are in the field.
LANE = "acme:live:acct_1NyQxqKzH3mBv8Td"
FLOW = "fees_daily.20261129T0600"
QUERY = "fees_daily"
_ALIVE = 50
_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBytes:
    """Bytes of memory."""

    new_lane: int
    """Of a lane that has had nothing yet."""
    lane: int
    """Of one that has had runs, and has none now, without what is kept of its flows and queries."""
    query: int
    """What is known of how long one query takes."""
    flow: int
    """Of a flow that ended, with the states of its runs."""
    alive_run: float
    """Of a run that is at Stripe."""
    batch: float
    """Of a batch in the list of all."""


def measure(client: Any, runs: int) -> LaneBytes:
    """Has a lane live through a batch of so many runs."""
    client.flushall()
    governor = Governor(client, LANE)
    limits = {"creates_per_s": PLENTY, "retrieves_per_s": PLENTY, "requests_per_s": PLENTY}
    governor.configure(LaneLimits(cap=0, **limits))
    reconcile(governor)
    new = by_kind(client)
    governor.open_flow(FLOW, runs)
    waiting = by_kind(client)
    governor.configure(LaneLimits(cap=_ALIVE))
    _submit_all(governor)
    alive = by_kind(client)
    while _land_some(governor):
        _submit_all(governor)
    done = by_kind(client)
    batch = _list_entry(client)
    return LaneBytes(
        new_lane=sum(new.values()),
        lane=sum(done.values()) - sum(done[kind] for kind in ("flow", "states", "durations of a query")),
        query=done["durations of a query"],
        flow=done["flow"] + done["states"],
        alive_run=(sum(alive.values()) - sum(waiting.values()) - alive["states"]) / _ALIVE,
        batch=batch,
    )


def by_kind(client: Any) -> Counter[str]:
    """Sums up the bytes of the lane's keys by what they are of."""
    prefix, found = Governor(client, LANE).keys.prefix, Counter[str]()
    for key in client.scan_iter(match=f"{prefix.replace('[', '?')}*", count=1000):
        kind, _, rest = key.removeprefix(prefix).partition(":")
        named = "durations of a query" if kind == "durations" and rest else kind
        found[named] += int(client.memory_usage(key, samples=0))
    found["list of lanes"] = int(client.memory_usage(LANES, samples=0))
    return found


def _submit_all(governor: Governor) -> None:
    while due := governor.claim(submits=_PAGE, downloads=0, polls=0).due[Step.SUBMIT]:
        for claimed in due:
            submit(governor, claimed)


def _land_some(governor: Governor) -> bool:
    due = governor.claim(submits=0, downloads=0, polls=_PAGE).due[Step.POLL]
    for claimed in due:
        custody = governor.begin(claimed, RunState.RUNNING, CUSTODY_MS)
        if custody:
            governor.ready(custody, query=QUERY, took=took_between(19, 21, None), landing_ms=CUSTODY_MS)
            governor.finish(custody, RunState.LANDED, stored_bytes=1000, records=10)
    return bool(due)


def _list_entry(client: Any) -> float:
    client.zadd(BATCHES, {f"{FLOW}-{number:05d}": 1.7e12 + number for number in range(1000)})
    return int(client.memory_usage(BATCHES, samples=0)) / 1000
