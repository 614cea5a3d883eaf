"""Does what a lane should do, in plain Python: the machine (`machine.py`) does everything here and in Redis.

Time stands still but for `pass_time`; every duration is a multiple of `TICK_MS`, so that the moments that
pass in reality while an example runs decide nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf
from types import MappingProxyType

from forebay.config.standing import FlowClass, Standing, StandingChange
from forebay.governor.states import Gate, RunState, Step

TICK_MS = 50_000

#: How far one run moves a flow's start tag on, for weight 1.
TAG_PER_RUN = 1_000_000
BACK_TO_FULL_MS = 60_000
KEEP_ENDS_MS = 40 * 24 * 3_600_000
KEEP_EARLY_MS = 120_000
#: After a look that saw it alive, a run whose end was just told of is looked at again.
AFTER_TOLD_MS = 1_000
#: A look at an end that was told goes before looks that were due for less.
HEAD_START_MS = 30_000
SURELY_OVER_MS = 95 * 60_000
KEEP_FLOW_MS = 30 * 24 * 3_600_000
RANKED = list(FlowClass)

STEP_OF = {RunState.GRANTED: Step.SUBMIT, RunState.RUNNING: Step.POLL, RunState.READY: Step.DOWNLOAD}
OPERATION_OF = {Step.SUBMIT: "create", Step.POLL: "retrieve", Step.DOWNLOAD: "retrieve"}
GATES_OF = {
    Step.SUBMIT: {Gate.AUTH, Gate.PERMISSION, Gate.CAP, Gate.CREATE},
    Step.POLL: {Gate.AUTH, Gate.RETRIEVE},
    Step.DOWNLOAD: {Gate.AUTH, Gate.RETRIEVE},
}


@dataclass
class Run:
    flow: str
    index: int
    attempt: int
    query_run: str
    state: RunState
    due_ms: int
    granted_ms: int
    submitted_ms: int | None
    looked_ms: int | None = None
    ended_ms: int | None = None
    fence: int | None = None  # None until Redis said which
    key: str | None = None
    sent_ms: int | None = None
    answered: bool = False  # Stripe named its QueryRun, by the ledger
    cleared: bool = False  # claimed since the lane was reconciled
    unanswered: bool = False
    tries: int = 0
    trouble: str | None = None
    received: int | None = None
    claimed: bool = False
    in_hands: bool = False  # a step has begun and did not end
    look_again: bool = False  # its end was told since that step began
    told_ms: int | None = None  # when its end was told first
    charge: tuple[FlowClass, int, int] = (FlowClass.SCHEDULED, 0, 0)  # what the grant took: of class, tag, promoted

    @property
    def holds_slot(self) -> bool:
        return self.state in (RunState.GRANTED, RunState.RUNNING)


@dataclass
class Place:
    """A place among the flows that may be served next; the least one of the first class is."""

    counted_in: FlowClass
    share: float  # slots held / weight
    tag: int


@dataclass
class Flow:
    size: int
    states: list[RunState]
    flow_class: FlowClass = FlowClass.SCHEDULED
    weight: float = 1.0
    ceiling: int = 0
    tag: int = 0
    promoted: int = 0
    place: Place | None = None
    paused: bool = False
    cursor: int = 0
    requeued: list[tuple[int, int, str]] = field(default_factory=list)
    outcomes: Counter[RunState] = field(default_factory=Counter)
    stored_bytes: int = 0
    records: int = 0
    canceling: bool = False
    done_ms: int | None = None
    hold_after: int | None = None

    @property
    def waiting(self) -> int:
        return self.size - self.cursor + len(self.requeued)

    @property
    def eligible(self) -> bool:
        """Something waits that is not held back."""
        return bool(self.requeued) or self.cursor < min(
            self.size, self.size if self.hold_after is None else self.hold_after
        )


@dataclass
class ClosedGate:
    wait_ms: int
    until_ms: int
    probing: bool = False


@dataclass
class Aside:
    """Slots that flows leave free for runs beside them."""

    holder: str
    slots: int
    until_ms: int


def no_times() -> dict[FlowClass, int]:
    return dict.fromkeys(FlowClass, 0)


@dataclass
class Model:
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
    newest_fence: int = 0
    flows: dict[str, Flow] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    gates: dict[Gate, ClosedGate] = field(default_factory=dict)
    arrivals_ms: dict[str, float] = field(default_factory=dict)
    stats: Counter[str] = field(default_factory=Counter)
    aside: Aside | None = None
    early: dict[str, int] = field(default_factory=dict)  # QueryRuns whose end was told before a run was known by them

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
        self.stats["granted"] += 1
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

    # -- what the operator and the scheduler do

    def configure(self, settings: dict[str, int], *, by_operator: bool = False) -> None:
        for name, value in settings.items():
            if by_operator or name not in self.kept:
                self.settings[name] = value
        self.kept |= set(settings) if by_operator else set()
        self.grant()

    def open_flow(
        self,
        name: str,
        states: Sequence[RunState],
        attempts: dict[int, int],
        standing: Standing,
        *,
        canceling: bool = False,
        hold_after: int | None = None,
        paused: bool = False,
        query_runs: Mapping[int, str] = MappingProxyType({}),
    ) -> bool:
        """Opens a flow, or restores one: then some runs settled already, or were retried."""
        if name in self.flows:
            return False
        flow = self.flows[name] = Flow(
            len(states), list(states), standing.flow_class, standing.weight, standing.ceiling, canceling=canceling
        )
        flow.hold_after, flow.paused = hold_after, paused
        flow.outcomes.update(state for state in states if state.settled)
        touched = [index for index, state in enumerate(states) if state.settled or index in (*attempts, *query_runs)]
        flow.cursor = max(touched, default=-1) + 1
        waiting = [index for index in range(flow.cursor) if not states[index].settled]
        flow.requeued = [(index, attempts.get(index, 0), query_runs.get(index, "")) for index in waiting]
        self.take_place(name)
        self._close_if_done(flow)
        self.grant()
        return True

    def retry(self, name: str, runs: Sequence[tuple[int, int, str]]) -> int:
        flow = self.flows[name]
        retried = 0
        for index, attempt, query_run in runs:
            if index < flow.size and flow.states[index] is RunState.FAILED:
                flow.states[index] = RunState.WAITING
                flow.outcomes[RunState.FAILED] -= 1
                flow.requeued.append((index, attempt, query_run))
                flow.done_ms = None
                retried += 1
        if retried:
            self.take_place(name)
            self.grant()
        return retried

    def set_flow(self, name: str, change: StandingChange) -> bool:
        flow = self.flows.get(name)
        if flow is None:
            return False
        if change.flow_class not in (None, flow.flow_class):
            flow.flow_class, flow.tag, flow.promoted = change.flow_class, self.times[change.flow_class], 0
        flow.weight = flow.weight if change.weight is None else change.weight
        flow.ceiling = flow.ceiling if change.ceiling is None else change.ceiling
        self.take_place(name)
        self.grant()
        return True

    def release(self, name: str) -> bool:
        flow = self.flows.get(name)
        if flow is None or flow.hold_after is None:
            return False
        flow.hold_after = None
        self.take_place(name)
        self.grant()
        return True

    def pause(self, name: str, *, paused: bool) -> bool:
        """Of a flow, or without a name of the lane; whether that changed anything."""
        if name and name not in self.flows:
            return False
        of = self.flows[name] if name else self
        changed, of.paused = of.paused != paused, paused
        if name and changed:
            self.take_place(name)
        if changed and not paused:
            self.grant()
        return changed

    def reconcile(self) -> None:
        self.reconciled = True
        for run in self.runs.values():
            run.cleared = False
        self.grant()

    def adopt(self, name: str, sent: dict[int, int], answered: Collection[int]) -> int:
        """Runs may be alive at Stripe: each has a slot from now on, and its flow waits without it."""
        flow = self.flows[name]
        adopted = [
            index
            for index in sorted(sent)
            if index < flow.size and self._adopt(name, index, sent[index], index in answered)
        ]
        if adopted:
            if flow.hold_after is not None and adopted[-1] >= flow.hold_after:
                flow.hold_after = None
            flow.done_ms = None
            self.stats["adopted"] += len(adopted)
            self.take_place(name)
            self.grant()
        return len(adopted)

    def _adopt(self, name: str, index: int, attempt: int, answered: bool) -> bool:
        flow, known = self.flows[name], self.runs.get(f"{name}/{index}")
        if known and known.attempt >= attempt:
            if known.state is RunState.GRANTED and known.attempt == attempt:
                known.sent_ms = self.now_ms if known.sent_ms is None else known.sent_ms
                known.answered = known.answered or answered
            return False
        if known:
            del self.runs[f"{name}/{index}"]
        elif flow.states[index] in (RunState.LANDED, RunState.FAILED) or not self._stop_waiting(flow, index, attempt):
            return False
        else:
            self.stats["granted"] += 1
        charge = known.charge if known else (flow.flow_class, 0, 0)
        adopted = Run(name, index, attempt, "", RunState.GRANTED, self.now_ms, self.now_ms, None, charge=charge)
        adopted.sent_ms, adopted.answered = self.now_ms, answered
        self.runs[f"{name}/{index}"] = adopted
        flow.states[index] = RunState.GRANTED
        return True

    def _stop_waiting(self, flow: Flow, index: int, attempt: int) -> bool:
        if index >= flow.cursor:
            flow.requeued += [(skipped, 0, "") for skipped in range(flow.cursor, index)]
            flow.cursor = index + 1
            return True
        for entry in flow.requeued:
            if entry[0] == index:
                if entry[1] > attempt or (entry[1] == attempt and entry[2]):
                    return False
                flow.requeued.remove(entry)
                return True
        flow.outcomes[RunState.CANCELED] -= flow.canceling
        return flow.canceling

    def cancel(self, name: str) -> tuple[int, int, frozenset[int] | None] | None:
        flow = self.flows.get(name)
        if flow is None or flow.canceling or flow.done_ms is not None:
            return None
        dropped = flow.waiting
        flow.outcomes[RunState.CANCELED] += dropped
        flow.canceling, flow.cursor, flow.requeued = True, flow.size, []
        self.take_place(name)
        self._close_if_done(flow)
        alive = frozenset(run.index for run in self.runs.values() if run.flow == name and run.holds_slot)
        return dropped, len(alive), alive if self.reconciled else None

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms
        if max(self.early.values(), default=0) <= self.now_ms - KEEP_EARLY_MS:
            self.early = {}
        for name in [name for name, flow in self.flows.items() if self._expired(flow)]:
            del self.flows[name]
        for scope in [scope for scope, end_ms in self.last_end_ms.items() if end_ms + KEEP_ENDS_MS <= self.now_ms]:
            del self.last_end_ms[scope], self.ends[scope]

    def _expired(self, flow: Flow) -> bool:
        return flow.done_ms is not None and flow.done_ms + self.keep_ms <= self.now_ms

    # -- what the holder of a fence does

    def holds(self, run: str, fence: int, state: RunState | None = None) -> Run | None:
        held = self.runs.get(run)
        if held and held.fence == fence and state in (None, held.state):
            return held
        self.stats["stale"] += 1
        return None

    def begin(self, run: str, fence: int, state: RunState, custody_ms: int) -> Run | None:
        held = self.holds(run, fence, state)
        if held:
            held.tries += 1
            held.fence, held.claimed, held.in_hands, held.look_again = None, False, True, False
            held.due_ms = self.now_ms + custody_ms
        return held

    def move(self, run: Run, to: RunState, delay_ms: int) -> None:
        run.state, run.tries, run.trouble, run.due_ms = to, 0, None, self.now_ms + delay_ms
        run.in_hands = run.look_again = False
        self.flows[run.flow].states[run.index] = to

    def bind(self, run: Run, query_run: str, delay_ms: int) -> None:
        run.query_run, run.submitted_ms = query_run, self.now_ms
        told = self.early.pop(query_run, None) is not None
        if told:
            run.told_ms = self.now_ms
        self.move(run, RunState.RUNNING, -HEAD_START_MS if told else delay_ms)
        # One that was there before, of which no create was sent, shows no room.
        if self.limit is not None and run.key:
            self._raise_limit(self.limit)
        self.grant()

    def _raise_limit(self, limit: int) -> None:
        self.successes += self.alive_at_stripe >= limit - 1
        slowest = min(10, ceil(limit / 4))
        if self.successes and self.successes >= slowest // 2 ** max(0, limit - self.refused_at):
            limit, self.successes = limit + 1, 0
        self.limit = limit if limit < self.settings["cap"] else None

    def defer(self, run: Run, delay_ms: int, trouble: str, create: str = "") -> None:
        at_once = not trouble and (run.look_again or run.told_ms == self.now_ms)
        # Told since, it is looked at again at once; told before, in a moment, which is less than a tick.
        again_ms = 0 if run.told_ms is None else -HEAD_START_MS
        soon_ms = min(delay_ms, again_ms if run.look_again else AFTER_TOLD_MS) if at_once else delay_ms
        run.due_ms, run.trouble = self.now_ms + soon_ms, trouble or None
        if not trouble and not run.look_again and run.told_ms != self.now_ms:
            run.told_ms = None
        run.in_hands, run.look_again = False, run.look_again and not at_once
        if create:
            run.unanswered = create == "unanswered"
        if create == "unsent":
            run.sent_ms = None
        if not trouble:
            run.tries, run.looked_ms = 0, self.now_ms

    def ready(self, run: Run, query: str, landing_ms: int) -> None:
        run.ended_ms = self.now_ms
        for scope in {"", query}:
            self.ends[scope] += 1
            self.last_end_ms[scope] = self.now_ms
        self.move(run, RunState.READY, landing_ms)
        self.take_place(run.flow)
        self.grant()

    def finish(self, run: str, outcome: RunState, stored_bytes: int, records: int) -> None:
        flow = self._drop(run, outcome)
        flow.outcomes[outcome] += 1
        flow.stored_bytes += stored_bytes
        flow.records += records
        self._close_if_done(flow)
        self.grant()

    def requeue(self, run: str, attempt: int, *, refused: bool = False) -> None:
        index, (charged_class, charge, promoted) = self.runs[run].index, self.runs[run].charge
        flow = self._drop(run, RunState.WAITING, keeps_tag=refused)
        name = run.rpartition("/")[0]
        self.stats["refused" if refused else "requeue"] += 1
        if refused:
            self.limit = max(1, floor(0.98 * self.running))
            self.refused_at, self.successes = self.running, 0
            if charged_class is flow.flow_class:
                flow.tag, flow.promoted = flow.tag - charge, max(flow.promoted, promoted)
        if flow.canceling:
            flow.states[index] = RunState.CANCELED
            flow.outcomes[RunState.CANCELED] += 1
            self._close_if_done(flow)
        else:
            flow.requeued.insert(0, (index, attempt, ""))
            self.take_place(name, keeps_tag=refused)
        self.grant()

    def wake(self, query_runs: Sequence[str], *, ended: bool, unheard: set[str]) -> tuple[int, int, int]:
        """Events tell of ends; of those in `unheard` looks have known before."""
        woken = early = late = 0
        for query_run in query_runs:
            alive = [run for run in self.runs.values() if (run.state, run.query_run) == (RunState.RUNNING, query_run)]
            woken += bool(alive)
            for run in alive:
                if ended and run.told_ms is None:
                    run.told_ms = self.now_ms
                if run.in_hands:
                    run.look_again = True
                elif not run.claimed:
                    run.due_ms = min(run.due_ms, self.now_ms - (HEAD_START_MS if ended else 0))
            if ended and not alive and query_run in unheard:
                late += 1
                unheard.remove(query_run)
            elif ended and not alive and any(STEP_OF[run.state] is Step.SUBMIT for run in self.runs.values()):
                early += 1
                self.early[query_run] = self.now_ms
                self.early = {key: ms for key, ms in self.early.items() if ms > self.now_ms - KEEP_EARLY_MS}
        return woken, early, late

    # -- gates and budgets

    def close_gate(self, gate: Gate, first_ms: int, longest_ms: int) -> None:
        self.stats[f"closed_{gate}"] += 1
        closed = self.gates.get(gate)
        if closed and not closed.probing:
            return
        wait_ms = min(closed.wait_ms * 2, longest_ms) if closed else first_ms
        self.gates[gate] = ClosedGate(wait_ms, self.now_ms + wait_ms)
        if gate in (Gate.CREATE, Gate.RETRIEVE):
            self.parts[gate] = (max(1 / 16, self._part(gate) / 2), self.now_ms)

    def _part(self, operation: str) -> float:
        part, since_ms = self.parts.get(operation, (1.0, 0))
        return min(1.0, part + (self.now_ms - since_ms) / BACK_TO_FULL_MS)

    def _interval_ms(self, operation: str) -> float:
        return self.intervals_ms[operation] / self._part(operation)

    def closed_gates(self, step: Step) -> set[Gate]:
        return GATES_OF[step] & set(self.gates)

    def left(self, operation: str) -> int:
        interval_ms = self._interval_ms(operation)
        arrival_ms = max(self.arrivals_ms.get(operation, 0), self.now_ms)
        # Less than none where a refusal has slowed the rate since.
        burst_ms = max(interval_ms, 250, min(500, 5 * interval_ms))
        return max(0, floor((self.now_ms + burst_ms - arrival_ms) / interval_ms))

    def _spend(self, operation: str, requests: int) -> None:
        arrival_ms = max(self.arrivals_ms.get(operation, 0), self.now_ms)
        self.arrivals_ms[operation] = arrival_ms + requests * self._interval_ms(operation)

    def spend(self, operation: str) -> int:
        """0 if a request beside all steps may be sent, 1 if it has to wait, -1 if such requests are held back."""
        if self.closed_gates(Step.SUBMIT if operation == "create" else Step.POLL):
            return -1
        if min(self.left(operation), self.left("all")) < 1:
            return 1
        self._spend(operation, 1)
        self._spend("all", 1)
        return 0

    def first_due_ms(self, step: Step) -> float:
        return min((run.due_ms for run in self.runs.values() if STEP_OF[run.state] is step), default=inf)

    def claim(self, step: Step, want: int, taken: Sequence[str], resend_ms: int) -> None:
        """Redis handed out `taken`, in an order that is its own among runs due at the same time: follow it."""
        allowed = min(want, self.left(OPERATION_OF[step]), self.left("all"))
        for gate in self.closed_gates(step):
            allowed = min(allowed, 0 if self.now_ms < self.gates[gate].until_ms else 1)
        if step is Step.SUBMIT and (self.paused or not self.reconciled):
            allowed = 0
        assert len(taken) == len(set(taken))
        followed = 0
        for due, most in self._due(step):
            of_these = [name for name in taken if name in due]
            assert len(of_these) == max(0, min(allowed - followed, len(due), most))
            passed_over = [due_ms for name, due_ms in due.items() if name not in of_these]
            assert max((due[name] for name in of_these), default=0) <= min(passed_over, default=self.now_ms)
            followed += len(of_these)
        assert followed == len(taken), "something was handed out that was not due"
        for name in taken:
            self.stats["unserved"] += self.runs[name].claimed
            self.runs[name].due_ms, self.runs[name].claimed = self.now_ms + resend_ms, True
            self.runs[name].cleared = True
        if taken:
            self._spend(OPERATION_OF[step], len(taken))
            self._spend("all", len(taken))
            for gate in self.closed_gates(step):
                self.gates[gate].until_ms, self.gates[gate].probing = self.now_ms + resend_ms, True

    def _due(self, step: Step) -> list[tuple[dict[str, int], int]]:
        """Runs that are due, with the moment, and how many may go; those of the first group before the others."""
        due = {
            name: run.due_ms
            for name, run in self.runs.items()
            if STEP_OF[run.state] is step and run.due_ms <= self.now_ms
        }
        if step is not Step.SUBMIT or self.slots <= self.room:
            return [(due, len(due))]
        answered = {name: due_ms for name, due_ms in due.items() if self.runs[name].answered}
        unclear = {name: due_ms for name, due_ms in due.items() if name not in answered and self._may_be_alive(name)}
        unsent = {name: due_ms for name, due_ms in due.items() if name not in (*answered, *unclear)}
        may_be_alive = self.slots - len(unsent)
        return [
            (answered, len(answered)),
            (unclear, len(unclear) if may_be_alive <= self.own_slots else 0),
            (unsent, self.room - may_be_alive),
        ]

    def _may_be_alive(self, name: str) -> bool:
        sent_ms = self.runs[name].sent_ms
        return sent_ms is not None and self.now_ms - sent_ms < SURELY_OVER_MS
