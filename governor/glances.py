"""Reads how flows and their lanes stand, many in two round trips: what whoever follows a batch sees with each look.

Three commands a flow, a fourth while it holds slots, a fifth and a sixth where something stands in its lane's way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forebay.config.standing import FlowClass, Standing
from forebay.governor.keys import LAYOUT, LaneKeys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import layout_mismatch, translated
from forebay.governor.scripts import Scripts
from forebay.governor.seen import ClosedGate, FlowView, LaneGlance, PauseView, UnreconciledView
from forebay.governor.states import Gate, Step

#: Flows of one round trip: their replies come to some 200 KB.
_AT_ONCE = 500

_GATE_FIELDS = tuple(f"{gate}_wait" for gate in Gate)
_HELD_FIELDS = tuple(f"held_{flow_class}" for flow_class in FlowClass)
_LANE_FIELDS = ("layout", "cap", "margin", "paused", "paused_since", "unreconciled", *_GATE_FIELDS, *_HELD_FIELDS)
#: What of a flow's hash is shown.
FLOW_FIELDS = (
    "size", "next", "held", "landed", "failed", "canceled", "bytes", "records", "canceling", "done",
    "class", "weight", "ceiling", "paused", "paused_since", "hold_after", "taken_up",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A flow and its lane, as of one moment."""

    lane: LaneGlance
    flow: FlowView | None
    """None when Redis does not know it (any more)."""
    starting: int
    """Of the runs that hold a slot, those whose create Stripe has not answered, as far as anybody knows."""


@translated()
def glances(client: Client, places: Sequence[tuple[str, str]]) -> list[Glance]:
    """Reads flows, each named by its lane and itself. Raises `GovernorError`."""
    ranges = range(0, len(places), _AT_ONCE)
    return [glance for start in ranges for glance in _glances(client, places[start : start + _AT_ONCE])]


def _glances(client: Any, places: Sequence[tuple[str, str]]) -> Iterator[Glance]:
    pipeline = client.pipeline(transaction=False)
    for lane, flow in places:
        keys = LaneKeys(lane)
        pipeline.hmget(keys.config, _LANE_FIELDS).hmget(keys.flow(flow), FLOW_FIELDS)
        pipeline.llen(keys.requeued(flow))
    replies = iter(pipeline.execute())
    read = [
        _Read(lane, flow, dict(zip(_LANE_FIELDS, config, strict=True)), flow_of(fields, requeued))
        for (lane, flow), config, fields, requeued in zip(places, replies, replies, replies, strict=True)
    ]
    scripts, more = Scripts(client), client.pipeline(transaction=False)
    for each in read:
        each.ask_more(more, scripts)
    further = iter(more.execute() if any(each.asks for each in read) else ())
    return (each.glance(further) for each in read)


@dataclass(slots=True)
class _Read:
    """What the first round trip has brought of one flow, and what it asks of the second."""

    lane: str
    name: str
    config: Mapping[str, Any]
    flow: FlowView | None
    is_starting: bool = field(init=False)
    is_gated: bool = field(init=False)

    def __post_init__(self) -> None:
        check_layout(self.config["layout"])
        self.is_starting = self.flow is not None and self.flow.held > 0
        self.is_gated = any(map(self.config.__getitem__, _GATE_FIELDS))

    @property
    def asks(self) -> bool:
        return self.is_starting or self.is_gated or bool(self.config["unreconciled"])

    def ask_more(self, pipeline: Any, scripts: Scripts) -> None:
        keys = LaneKeys(self.lane)
        if self.is_starting:
            pipeline.zrange(keys.due(Step.SUBMIT), 0, -1)
        if self.is_gated:
            pipeline.hgetall(keys.config)
        if self.config["unreconciled"]:  # since when it is not, if it is not: the script knows
            scripts.queue(pipeline, "survey", keys.fixed, ())

    def glance(self, further: Iterator[Any]) -> Glance:
        submits = next(further) if self.is_starting else ()
        starting = sum(run.rpartition("/")[0] == self.name for run in submits)
        gates = gates_of(next(further)) if self.is_gated else ()
        waits = bool(self.config["unreconciled"]) and not next(further)[-1]
        lane = LaneGlance(
            lane=self.lane,
            cap=int(self.config["cap"] or 0),
            margin=int(self.config["margin"] or 0),
            held=sum(int(self.config[each] or 0) for each in _HELD_FIELDS),
            gates=gates,
            paused=pause_of(self.config),
            unreconciled=UnreconciledView(since_ms=int(self.config["unreconciled"]) // 1000) if waits else None,
        )
        return Glance(lane=lane, flow=self.flow, starting=starting)


def flow_of(values: Sequence[str | None], requeued: int) -> FlowView | None:
    """Makes a flow of its `FLOW_FIELDS`; None if it has none."""
    fields: dict[str, Any] = dict(zip(FLOW_FIELDS, values, strict=True))
    if fields["size"] is None:
        return None
    size, cursor = int(fields["size"]), int(fields["next"])
    return FlowView(
        size=size,
        waiting=size - cursor + requeued,
        held=int(fields["held"]),
        landed=int(fields["landed"]),
        failed=int(fields["failed"]),
        canceled=int(fields["canceled"]),
        stored_bytes=int(fields["bytes"]),
        records=int(fields["records"]),
        cursor=cursor,
        canceling=fields["canceling"] is not None,
        done=fields["done"] is not None,
        standing=Standing(
            flow_class=FlowClass(fields["class"]), weight=float(fields["weight"]), ceiling=int(fields["ceiling"])
        ),
        paused=pause_of(fields),
        hold_after=None if fields["hold_after"] is None else int(fields["hold_after"]),
        taken_up=int(fields["taken_up"] or 0),
    )


def gates_of(config: Mapping[str, Any]) -> tuple[ClosedGate, ...]:
    """Finds the closed gates in the whole of a lane's configuration."""
    return tuple(
        ClosedGate(
            gate=gate,
            reason=config[f"{gate}_reason"],
            since_ms=int(config[f"{gate}_since"]),
            until_ms=int(config[f"{gate}_until"]),
        )
        for gate in Gate
        if f"{gate}_wait" in config
    )


def pause_of(fields: Mapping[str, Any]) -> PauseView | None:
    """Finds the pause in fields of a lane or a flow, if it has one."""
    if fields.get("paused") is None:
        return None
    return PauseView(reason=fields["paused"], since_ms=int(fields["paused_since"]))


def check_layout(layout: str | None) -> None:
    """Raises `LayoutMismatch` for a lane that another release wrote."""
    if layout not in (None, str(LAYOUT)):
        raise layout_mismatch(f"the lane has layout {layout}, this release knows {LAYOUT}")
