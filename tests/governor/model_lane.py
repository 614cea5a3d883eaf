"""Does what a lane should do about slots: how many there may be, and whose turn it is.

Time stands still but for `pass_time`.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import floor

from forebay.config.standing import FlowClass
from forebay.governor.states import Gate, RunState
from tests.governor.model_records import (
    KEEP_ENDS_MS,
    RANKED,
    TAG_PER_RUN,
    Aside,
    ClosedGate,
    Flow,
    Place,
    Run,
    no_times,
)


@dataclass
class ModelLane:
    """What a lane has, and what follows from it at once."""

    intervals_ms: dict[str, float]  # of create, retrieve and all
    keep_ms: int
    settings: Counter[str] = field(default_factory=Counter)  # cap, margin, reserve_<class>, ageing_ms
    kept: set[str] = field(default_factory=set)  # settings that an operator overrode
    limit: int | None = None
    refused_at: int = 0
    successes: int = 0  # creates since the limit last moved, while it bound
    paused: bool = False
    reconciled: bool = True
    times: dict[FlowClass, int] = field(default_factory=no_times)
    ageing: dict[str, int] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)  # durations seen, by query; '' for the lane
    last_end_ms: dict[str, int] = field(default_factory=dict)
    parts: dict[str, tuple[float, int]] = field(default_factory=dict)  # of a rate after a refusal, and since when
    now_ms: int = 0
    newest_fences: dict[str, int] = field(default_factory=dict)  # by run
    has_feed: bool = False
    flows: dict[str, Flow] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    gates: dict[Gate, ClosedGate] = field(default_factory=dict)
    arrivals_ms: dict[str, float] = field(default_factory=dict)
    stats: Counter[str] = field(default_factory=Counter)
    aside: Aside | None = None
    early: dict[str, int] = field(default_factory=dict)  # QueryRuns whose end was told before a run was known by them
    early_until_ms: int = 0  # when they all go: so long after the last one was told, whatever became of it

    # -- slots

    @property
    def slots(self) -> int:
        return sum(run.holds_slot for run in self.runs.values())

    def held(self, name: str) -> int:
        return sum(run.holds_slot for run in self.runs.values() if run.flow == name)

    def held_by_class(self, flow_class: FlowClass) -> int:
        return sum(self.held(name) for name, flow in self.flows.items() if flow.flow_class is flow_class)

    @property
    def slots_aside(self) -> int:
        return self.aside.slots if self.aside and self.aside.until_ms > self.now_ms else 0

    @property
    def own_slots(self) -> int:
        return self.settings["cap"] - self.settings["margin"] - self.slots_aside

    @property
    def room(self) -> int:
        """So many slots there may be: the cap or what others leave of it, less the margin and what is set aside.

        One to probe with there is always.
        """
        limit = self.settings["cap"] if self.limit is None else self.limit
        return max(
            min(self.own_slots, 1), min(limit, self.settings["cap"]) - self.settings["margin"] - self.slots_aside
        )

    @property
    def alive_at_stripe(self) -> int:
        sent = [run for run in self.runs.values() if run.state is RunState.GRANTED and run.due_ms > self.now_ms]
        return len(sent) + self.running

    @property
    def running(self) -> int:
        return sum(run.state is RunState.RUNNING for run in self.runs.values())

    def grant(self) -> None:
        self._lift_aged()
        while not self.paused and self.reconciled and (name := self.next_flow(self.room - self.slots)):
            self._start(name)

    def set_aside(self, holder: str, slots: int, for_ms: int) -> bool:
        """Says whether the holder may create: then its slots, with those of flows, are no more than the lane has."""
        is_ours = self.aside is not None and self.aside.holder == holder
        if not slots:
            if is_ours:
                self.aside = None
                self.grant()
            return is_ours
        if (self.slots_aside and not is_ours) or self.paused or not self.reconciled:
            return False
        self.aside = Aside(holder, slots, self.now_ms + for_ms)
        self.grant()
        return self.slots <= self.room

    # -- whose turn it is

    def next_flow(self, free: int) -> str | None:
        """Of the first class that may take a slot, the flow with the least held/weight, of equals the least tag."""
        for rank, flow_class in enumerate(RANKED):
            places = [
                (flow.place.share, flow.place.tag, name)
                for name, flow in self.flows.items()
                if flow.place and flow.place.counted_in is flow_class
            ]
            if places and free > self._reserved_above(rank):
                _, _, name = min(places)
                assert self._is_fair(name, rank)
                return name
        return None

    def _is_fair(self, served: str, rank: int) -> bool:
        """The rule itself, from what flows hold now: nobody of this class holds less, nobody is above."""
        for name, flow in self.flows.items():
            own_rank = max(0, RANKED.index(flow.flow_class) - flow.promoted)
            if self.may_be_served(name) and own_rank < rank:
                return False
            if self.may_be_served(name) and own_rank == rank and self.share(name) < self.share(served):
                return False
        return True

    def share(self, name: str) -> float:
        return self.held(name) / self.flows[name].weight

    def _reserved_above(self, rank: int) -> int:
        above = RANKED[:rank]
        return sum(max(0, self.settings[f"reserve_{each}"] - self.held_by_class(each)) for each in above)

    def may_be_served(self, name: str) -> bool:
        flow = self.flows[name]
        below_ceiling = not flow.ceiling or self.held(name) < flow.ceiling
        return flow.eligible and below_ceiling and not flow.paused

    def take_place(self, name: str, *, keeps_tag: bool = False) -> None:
        flow = self.flows[name]
        came_back, flow.place = flow.place is None, None
        if not self.may_be_served(name):
            self.ageing.pop(name, None)
            return
        if came_back and not keeps_tag:
            flow.tag = max(flow.tag, self.times[flow.flow_class])
        counted_in = RANKED[max(0, RANKED.index(flow.flow_class) - flow.promoted)]
        tag = flow.tag if counted_in is flow.flow_class else self.times[counted_in]
        flow.place = Place(counted_in, self.share(name), tag)
        if self.settings["ageing_ms"] and counted_in is not FlowClass.INTERACTIVE:
            self.ageing.setdefault(name, self.now_ms + self.settings["ageing_ms"])
        else:
            self.ageing.pop(name, None)

    def _lift_aged(self) -> None:
        for name in [name for name, aged_ms in self.ageing.items() if aged_ms <= self.now_ms]:
            del self.ageing[name]
            self.flows[name].promoted += 1
            self.stats["aged"] += 1
            self.take_place(name)

    def _charge(self, name: str) -> tuple[FlowClass, int, int]:
        flow = self.flows[name]
        assert flow.place
        counted_in = flow.place.counted_in
        self.times[counted_in] = max(self.times[counted_in], flow.place.tag)
        charge = (flow.flow_class, floor(TAG_PER_RUN / flow.weight), flow.promoted)
        flow.tag, flow.promoted = flow.tag + charge[1], 0
        self.ageing.pop(name, None)
        return charge

    def _start(self, name: str) -> None:
        flow, charge = self.flows[name], self._charge(name)
        if flow.requeued:
            index, attempt, query_run = flow.requeued.pop(0)
        else:
            index, attempt, query_run = flow.cursor, 0, ""
            flow.cursor += 1
        state = RunState.RUNNING if query_run else RunState.GRANTED
        submitted_ms = self.now_ms if query_run else None
        run = self.runs[f"{name}/{index}"] = Run(
            name, index, attempt, query_run, state, self.now_ms, self.now_ms, submitted_ms, charge=charge
        )
        if query_run and self.early.pop(query_run, None) is not None:
            run.told_ms = self.now_ms
        flow.states[index] = state
        self.take_place(name)

    def _drop(self, run: str, state: RunState, *, keeps_tag: bool = False) -> Flow:
        gone = self.runs.pop(run)
        if gone.holds_slot:
            self.take_place(gone.flow, keeps_tag=keeps_tag)
        self.flows[gone.flow].states[gone.index] = state
        return self.flows[gone.flow]

    def _close_if_done(self, flow: Flow) -> None:
        if sum(flow.outcomes.values()) == flow.size:
            flow.done_ms = self.now_ms

    # -- time

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms
        if self.early_until_ms <= self.now_ms:
            self.early = {}
        for name in [name for name, flow in self.flows.items() if self._expired(flow)]:
            del self.flows[name]
        for scope in [scope for scope, end_ms in self.last_end_ms.items() if end_ms + KEEP_ENDS_MS <= self.now_ms]:
            del self.last_end_ms[scope], self.ends[scope]

    def _expired(self, flow: Flow) -> bool:
        return flow.done_ms is not None and flow.done_ms + self.keep_ms <= self.now_ms
