"""Reads of all lanes what metrics export: one script a lane, all of them in one round trip. Changes nothing.

`view.py` tells people of a lane; this tells a machine of all, many times an hour, so it asks for numbers alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forebay.config.standing import FlowClass
from forebay.governor.keys import LANES, LAYOUT, LaneKeys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.scripts import Scripts
from forebay.governor.states import Gate, RunState, Step

#: Bounds (s) of the buckets in which a lane's durations are counted, as `lua/finish.lua` has them.
BOUNDS_S = (1, 3, 10, 30, 100, 300, 1000, 3000, 6000)

#: Of so many flows of a class it is counted what waits: a lane with more of them has enough to do.
MOST_FLOWS = 1000
#: Of so many runs that wait to land it is asked when they ended; those that are due first.
MOST_READY = 100

_REPAIRS = ("freed", "forgotten", "corrected")


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationCounts:
    """How often something took how long."""

    counts: tuple[int, ...]
    """One for each of `BOUNDS_S`, and one for what took longer."""
    sum_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFigures:
    """What there is of a lane now, and what came of runs since it was first used."""

    lane: str
    cap: int
    limit: int
    margin: int
    slots: int
    held: Mapping[FlowClass, int]
    runs: Mapping[RunState, int]
    """By each state in which a run is not settled; of waiting ones those that could be granted, were there a slot."""
    oldest_waiting_ms: Mapping[FlowClass, int | None]
    """Since when the batch has been there that came first of those whose runs could be granted."""
    overdue_ms: Mapping[Step, int | None]
    """For how long that has been due which is due first; 0 where that is later, None where nothing ever is."""
    oldest_ready_ms: int | None
    """Since when that has ended which has waited longest to land."""
    closed: Mapping[Gate, bool]
    paused: bool
    unreconciled: bool
    """Something would run, and has to wait until Redis is reconciled with the ledger."""
    closings: Mapping[Gate, int]
    """How often each gate was closed."""
    repairs: Mapping[str, int]
    """What audits put right."""
    unserved: int
    """Claims that no worker began."""
    requests: Mapping[str, int]
    """Requests that were handed out, by operation."""
    settled: Mapping[RunState, int]
    failed: Mapping[str, int]
    """By class of failure."""
    stored_bytes: int
    records: int
    durations: Mapping[str, DurationCounts]
    """Of runs that landed: `queue` up to the grant, `query` at Stripe, `landing` from its end."""


class AllLanes:
    """Reads the figures of all lanes. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._scripts = Scripts(client)

    @translated()
    def read(self) -> tuple[list[LaneFigures], list[str]]:
        """Reads every lane, and names those that cannot be read, since another release wrote them."""
        lanes = sorted(self._client.smembers(LANES))
        if not lanes:
            return [], []
        pipeline = self._client.pipeline(transaction=False)
        for lane in lanes:
            keys = LaneKeys(lane)
            self._scripts.queue(
                pipeline, "standalone/figures", [*keys.fixed, keys.totals], [MOST_FLOWS, MOST_READY, *Gate]
            )
        replies = dict(zip(lanes, pipeline.execute(), strict=True))
        known = {lane for lane, reply in replies.items() if reply[0][0] in (None, str(LAYOUT))}
        return [_figures(lane, replies[lane]) for lane in lanes if lane in known], sorted(set(lanes) - known)


def _figures(lane: str, reply: Sequence[Any]) -> LaneFigures:
    limits, counters, flat_totals, runs, overdue_ms, waiting, oldest_waiting_ms, oldest_ready_ms = reply
    _, cap, limit, margin, *held = (int(value or 0) for value in limits[:7])
    paused, unreconciled, *waits = (value is not None for value in limits[7:])
    counted = [int(value or 0) for value in counters]
    totals = dict(zip(flat_totals[::2], flat_totals[1::2], strict=True))
    slots, granted, running, ready = runs
    return LaneFigures(
        lane=lane,
        cap=cap,
        limit=min(cap, limit) if limits[2] is not None else cap,
        margin=margin,
        slots=slots,
        held=dict(zip(FlowClass, held, strict=True)),
        runs={
            RunState.WAITING: sum(waiting),
            RunState.GRANTED: granted,
            RunState.RUNNING: running,
            RunState.READY: ready,
        },
        oldest_waiting_ms=dict(zip(FlowClass, oldest_waiting_ms, strict=True)),
        overdue_ms=dict(zip(Step, overdue_ms, strict=True)),
        oldest_ready_ms=oldest_ready_ms,
        closed=dict(zip(Gate, waits, strict=True)),
        paused=paused,
        unreconciled=unreconciled,
        closings=dict(zip(Gate, counted[4:], strict=True)),
        repairs=dict(zip(_REPAIRS, counted[:3], strict=True)),
        unserved=counted[3],
        requests=dict(_numbers("requests", totals)),
        settled={state: int(totals.get(f"runs:{state}", 0)) for state in RunState if state.settled},
        failed=dict(_numbers("failed", totals)),
        stored_bytes=int(totals.get("bytes", 0)),
        records=int(totals.get("records", 0)),
        durations={what: _durations(what, totals) for what in ("queue", "query", "landing")},
    )


def _numbers(what: str, totals: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for field, number in totals.items():
        kind, _, of = field.partition(":")
        if kind == what:
            yield of, int(number)


def _durations(what: str, totals: Mapping[str, str]) -> DurationCounts:
    return DurationCounts(
        counts=tuple(int(totals.get(f"{what}:{bound}", 0)) for bound in (*BOUNDS_S, "more")),
        sum_ms=int(totals.get(f"{what}:ms", 0)),
    )
