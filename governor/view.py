"""Reads what people and tools see of lanes, flows and runs. Changes nothing."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from redis.client import NEVER_DECODE

from forebay.config.standing import FlowClass
from forebay.governor.durations import fitted_sums
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.feed_view import FeedView, read_feed
from forebay.governor.glances import FLOW_FIELDS, check_layout, flow_of, gates_of, pause_of
from forebay.governor.keys import LANES, LaneKeys
from forebay.governor.lane_scripts import LaneScripts
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.seen import (
    BudgetView,
    ClockView,
    FlowView,
    LaneView,
    RunView,
    UnreadableLane,
    UnreconciledView,
)
from forebay.governor.states import RunState, Step, unpack

#: So many lanes are looked at by one command, of some 800 keys.
_LANES_A_LOOK = 100


class View:
    """Reads lanes. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        # redis-py's stubs say "bytes or str" for every reply; ours are str (`connect` decodes).
        self._client: Any = client

    @translated()
    def lanes(self) -> list[str]:
        return sorted(self._client.smembers(LANES))

    @translated()
    def now_ms(self) -> int:
        """Reads Redis's clock, for ages of what it recorded."""
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    @translated()
    def lane(self, lane: str) -> LaneView:
        keys = LaneKeys(lane)
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hgetall(keys.config).zcard(keys.slots).hgetall(keys.stats).time()
        config, held, stats, (seconds, _) = pipeline.execute()
        survey = LaneScripts(self._client, keys).survey()
        now_per_s = {"create": survey.create, "retrieve": survey.retrieve, "all": survey.all}
        cap = int(config.get("cap", 0))
        return LaneView(
            lane=lane,
            cap=cap,
            limit=min(cap, int(config.get("limit", cap))),
            margin=int(config.get("margin", 0)),
            held=held,
            aside=int(config.get("aside", 0)) if int(config.get("aside_until", 0)) > 1000 * int(seconds) else 0,
            held_by_class={kind: int(config.get(f"held_{kind}", 0)) for kind in FlowClass},
            reserves={kind: int(config.get(f"reserve_{kind}", 0)) for kind in FlowClass},
            budgets={
                operation: BudgetView(per_s=float(config.get(f"{operation}_per_s", 0)), now_per_s=float(rate))
                for operation, rate in now_per_s.items()
            },
            unreconciled=UnreconciledView(since_ms=_noted_ms(config)) if config and not survey.reconciled else None,
            gates=gates_of(config),
            paused=pause_of(config),
            clock_moved=_clock_moved(config),
            stats={name: int(value) for name, value in stats.items()},
        )

    def each_lane(self) -> list[LaneView | UnreadableLane]:
        """Reads every lane by its name: one that another release wrote keeps nobody from seeing the others."""
        return [self._lane_or_why_not(lane) for lane in self.lanes()]

    def _lane_or_why_not(self, lane: str) -> LaneView | UnreadableLane:
        try:
            return self.lane(lane)
        except RedisUnavailable:
            raise
        except GovernorError as error:
            return UnreadableLane(lane=lane, error=error)

    @translated()
    def is_busy(self, lane: str) -> bool:
        """Says whether any run of the lane may be granted, holds a slot or has still to land."""
        keys = LaneKeys(lane)
        return bool(self._client.exists(*map(keys.waiting, FlowClass), keys.slots, *map(keys.due, Step)))

    @translated()
    def stirring(self, lanes: Sequence[str], steps: Collection[Step]) -> list[str]:
        """Names those of some lanes in which anything waits or is due for one of these steps, or has a slot.

        One command for a hundred lanes without work, and some more for each other one.
        """
        found: list[str] = []
        parts = [lanes[at : at + _LANES_A_LOOK] for at in range(0, len(lanes), _LANES_A_LOOK)]
        while parts:
            pipeline = self._client.pipeline(transaction=False)
            for part in parts:
                pipeline.exists(*(key for lane in part for key in _signs_of_work(LaneKeys(lane), steps)))
            stirring = [part for part, keys in zip(parts, pipeline.execute(), strict=True) if keys]
            found += [part[0] for part in stirring if len(part) == 1]
            parts = [half for part in stirring if len(part) > 1 for half in _halves(part)]
        return found

    @translated()
    def held_by_flow(self, lane: str) -> dict[str, int]:
        """Counts the slots of each batch that holds one; reads all slots, which are never more than the cap."""
        runs = self._client.zrange(LaneKeys(lane).slots, 0, -1)
        return dict(Counter(run.rpartition("/")[0] for run in runs).most_common())

    @translated()
    def starting_by_flow(self, lane: str) -> dict[str, int]:
        """Counts the slots of each batch whose runs are not at Stripe yet, as far as anybody knows; as cheap."""
        runs = self._client.zrange(LaneKeys(lane).due(Step.SUBMIT), 0, -1)
        return dict(Counter(run.rpartition("/")[0] for run in runs))

    @translated()
    def longest_held(self, lane: str) -> tuple[str, int] | None:
        """Names the run that has held its slot longest, and for how long (ms)."""
        oldest = self._client.zrange(LaneKeys(lane).slots, 0, 0, withscores=True)
        return (oldest[0][0], self.now_ms() - int(oldest[0][1])) if oldest else None

    @translated()
    def flow(self, lane: str, flow: str) -> FlowView | None:
        """Counts the runs of a flow; None when Redis does not know it (any more)."""
        keys = LaneKeys(lane)
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(keys.config, "layout").hmget(keys.flow(flow), FLOW_FIELDS).llen(keys.requeued(flow))
        layout, fields, requeued = pipeline.execute()
        check_layout(layout)
        return flow_of(fields, requeued)

    @translated()
    def states(self, lane: str, flow: str, start: int, stop: int) -> list[RunState]:
        """Lists the states of the runs `start <= index < stop`; one GETRANGE, half a byte a run."""
        if stop <= start:
            return []
        first = start // 2
        (packed,) = self.stretches_of_states([(lane, flow, first, (stop + 1) // 2)])
        states = unpack(packed)
        states += [RunState.WAITING] * (stop - 2 * first - len(states))  # never granted, so never written
        return states[start - 2 * first : stop - 2 * first]

    @translated()
    def packed_states(self, lane: str, flow: str, size: int) -> bytes:
        """Reads the states of a flow's runs as `pack` packs them, half a byte a run, for whoever shows very many."""
        length = (size + 1) // 2
        (packed,) = self.stretches_of_states([(lane, flow, 0, length)])
        return bytes(packed[:length]).ljust(length, b"\0")

    @translated()
    def stretches_of_states(self, ranges: Sequence[tuple[str, str, int, int]]) -> list[bytes]:
        """Reads bytes `first <= at < end` of the states of each (lane, flow, first, end), as far as they are there."""
        pipeline = self._client.pipeline(transaction=False)
        for lane, flow, first, end in ranges:
            keys = LaneKeys(lane)
            pipeline.hget(keys.config, "layout")
            pipeline.execute_command("GETRANGE", keys.states(flow), first, max(end - 1, 0), **{NEVER_DECODE: []})
        replies = iter(pipeline.execute() if ranges else ())
        packed = []
        for layout, states in zip(replies, replies, strict=True):
            check_layout(layout)
            packed.append(states)
        return packed

    @translated()
    def feed(self, lane: str) -> FeedView:
        """Reads how the ends of a lane's runs come to be known."""
        keys = LaneKeys(lane)
        pipeline = self._client.pipeline(transaction=False).hgetall(keys.feed)
        pipeline.zrange(keys.unheard, 0, -1, withscores=True)
        pipeline.zcard(keys.due(Step.POLL)).hmget(keys.durations(), "ends", "sum", "squares")
        pipeline.zrange(keys.slots, 0, 0, withscores=True).time()
        feed, unheard, alive, sums, oldest, (seconds, micros) = pipeline.execute()
        unheard_ms = [int(seen_ms) for _, seen_ms in unheard]
        oldest_ms = int(oldest[0][1]) if oldest else None
        now_ms = int(seconds) * 1000 + int(micros) // 1000
        return read_feed(feed, unheard_ms, alive, fitted_sums(sums), now_ms, oldest_ms)

    @translated()
    def run(self, lane: str, flow: str, index: int) -> RunView | None:
        """Reads the record of a run that is neither waiting nor settled, if it is not."""
        keys = LaneKeys(lane)
        pipeline = self._client.pipeline(transaction=False)
        layout, fields = pipeline.hget(keys.config, "layout").hgetall(keys.run(f"{flow}/{index}")).execute()
        check_layout(layout)
        return _run(fields) if fields else None

    @translated()
    def under_way(self, lane: str, most: int) -> list[RunView]:
        """Reads runs that are neither waiting nor settled: of each step up to `most`, those that are due first."""
        keys = LaneKeys(lane)
        runs = [run for step in Step for run in self._client.zrange(keys.due(step), 0, most - 1)]
        with self._client.pipeline(transaction=False) as pipeline:
            for run in runs:
                pipeline.hgetall(keys.run(run))
            return [_run(fields) for fields in pipeline.execute() if fields]


def _signs_of_work(keys: LaneKeys, steps: Collection[Step]) -> Iterator[str]:
    yield from map(keys.due, steps)
    if Step.SUBMIT in steps:  # with which go grants and audits
        yield keys.slots
        yield from map(keys.waiting, FlowClass)


def _halves(lanes: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    return lanes[: len(lanes) // 2], lanes[len(lanes) // 2 :]


def _run(fields: dict[str, Any]) -> RunView:
    return RunView(
        state=RunState(fields["state"]),
        attempt=int(fields["attempt"]),
        query_run=fields["query_run"] or None,
        trouble=fields.get("trouble"),
        tries=int(fields.get("tries", 0)),
        received_bytes=int(fields["received"]) if "received" in fields else None,
        granted_ms=int(fields["granted"]),
    )


def _clock_moved(config: dict[str, Any]) -> ClockView | None:
    if "clock_moved" not in config:
        return None
    return ClockView(
        by_ms=int(config["clock_moved_by"]), at_ms=int(config["clock_moved"]), times=int(config["clock_moves"])
    )


def _noted_ms(config: dict[str, Any]) -> int | None:
    return int(config["unreconciled"]) // 1000 if "unreconciled" in config else None
