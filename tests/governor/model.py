"""What a lane should do, in plain Python: the machine (`machine.py`) does everything here and in Redis.

Time stands still but for `pass_time`; every duration is a multiple of `TICK_MS`, so that the moments that
pass in reality while an example runs decide nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor

from governor.states import Gate, RunState, Step

TICK_MS = 50_000

STEP_OF = {RunState.GRANTED: Step.SUBMIT, RunState.RUNNING: Step.POLL, RunState.READY: Step.DOWNLOAD}
OPERATION_OF = {Step.SUBMIT: "create", Step.POLL: "retrieve", Step.DOWNLOAD: "retrieve"}
GATES_OF = {
    Step.SUBMIT: {Gate.AUTH, Gate.CAP, Gate.CREATE},
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
    ended_ms: int | None = None
    fence: int | None = None  # None until Redis said which
    key: str | None = None
    tries: int = 0
    trouble: str | None = None
    received: int | None = None

    @property
    def holds_slot(self) -> bool:
        return self.state in (RunState.GRANTED, RunState.RUNNING)


@dataclass
class Flow:
    size: int
    order: int
    states: list[RunState]
    cursor: int = 0
    back: list[tuple[int, int, str]] = field(default_factory=list)
    outcomes: Counter[RunState] = field(default_factory=Counter)
    stored_bytes: int = 0
    records: int = 0
    canceling: bool = False
    done_ms: int | None = None

    @property
    def waiting(self) -> int:
        return self.size - self.cursor + len(self.back)


@dataclass
class ClosedGate:
    wait_ms: int
    until_ms: int
    probing: bool = False


@dataclass
class Model:
    intervals_ms: dict[str, float]  # of create, retrieve and all
    keep_ms: int
    cap: int = 0
    margin: int = 0
    now_ms: int = 0
    newest_fence: int = 0
    flows_opened: int = 0
    flows: dict[str, Flow] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    gates: dict[Gate, ClosedGate] = field(default_factory=dict)
    arrivals_ms: dict[str, float] = field(default_factory=dict)
    stats: Counter[str] = field(default_factory=Counter)

    # -- slots

    @property
    def slots(self) -> int:
        return sum(run.holds_slot for run in self.runs.values())

    def grant(self) -> None:
        while self.slots < self.cap - self.margin:
            eligible = [name for name, flow in self.flows.items() if flow.waiting]
            if not eligible:
                return
            self._start(min(eligible, key=lambda name: self.flows[name].order))

    def _start(self, name: str) -> None:
        flow = self.flows[name]
        if flow.back:
            index, attempt, query_run = flow.back.pop(0)
        else:
            index, attempt, query_run = flow.cursor, 0, ""
            flow.cursor += 1
        state = RunState.RUNNING if query_run else RunState.GRANTED
        submitted_ms = self.now_ms if query_run else None
        self.runs[f"{name}/{index}"] = Run(
            name, index, attempt, query_run, state, self.now_ms, self.now_ms, submitted_ms
        )
        flow.states[index] = state
        self.stats["granted"] += 1

    def _drop(self, run: str, state: RunState) -> Flow:
        gone = self.runs.pop(run)
        self.flows[gone.flow].states[gone.index] = state
        return self.flows[gone.flow]

    def _close_if_done(self, flow: Flow) -> None:
        if sum(flow.outcomes.values()) == flow.size:
            flow.done_ms = self.now_ms

    # -- what the operator and the scheduler do

    def configure(self, cap: int, margin: int) -> None:
        self.cap, self.margin = cap, margin
        self.grant()

    def open_flow(self, name: str, states: Sequence[RunState], attempts: dict[int, int]) -> bool:
        """Opens a flow, or restores one: then some runs settled already, or were retried."""
        if name in self.flows:
            return False
        self.flows_opened += 1
        flow = self.flows[name] = Flow(len(states), self.flows_opened, list(states))
        flow.outcomes.update(state for state in states if state.settled)
        touched = [index for index, state in enumerate(states) if state.settled or index in attempts]
        flow.cursor = max(touched, default=-1) + 1
        waiting = [index for index in range(flow.cursor) if not states[index].settled]
        flow.back = [(index, attempts.get(index, 0), "") for index in waiting]
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
                flow.back.append((index, attempt, query_run))
                flow.done_ms = None
                retried += 1
        self.grant()
        return retried

    def cancel(self, name: str) -> tuple[int, int] | None:
        flow = self.flows.get(name)
        if flow is None or flow.canceling or flow.done_ms is not None:
            return None
        dropped = flow.waiting
        flow.outcomes[RunState.CANCELED] += dropped
        flow.canceling, flow.cursor, flow.back = True, flow.size, []
        self._close_if_done(flow)
        return dropped, sum(run.holds_slot for run in self.runs.values() if self.flows[run.flow] is flow)

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms
        for name in [name for name, flow in self.flows.items() if self._expired(flow)]:
            del self.flows[name]

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
            held.fence = None
            held.due_ms = self.now_ms + custody_ms
        return held

    def move(self, run: Run, to: RunState, delay_ms: int) -> None:
        run.state, run.tries, run.trouble, run.due_ms = to, 0, None, self.now_ms + delay_ms
        self.flows[run.flow].states[run.index] = to

    def bind(self, run: Run, query_run: str, delay_ms: int) -> None:
        run.query_run, run.submitted_ms = query_run, self.now_ms
        self.move(run, RunState.RUNNING, delay_ms)

    def ready(self, run: Run) -> None:
        run.ended_ms = self.now_ms
        self.move(run, RunState.READY, 0)
        self.grant()

    def finish(self, run: str, outcome: RunState, stored_bytes: int, records: int) -> None:
        flow = self._drop(run, outcome)
        flow.outcomes[outcome] += 1
        flow.stored_bytes += stored_bytes
        flow.records += records
        self.stats[outcome] += 1
        self._close_if_done(flow)
        self.grant()

    def put_back(self, run: str, attempt: int) -> None:
        index = self.runs[run].index
        flow = self._drop(run, RunState.WAITING)
        self.stats["put_back"] += 1
        if flow.canceling:
            flow.states[index] = RunState.CANCELED
            flow.outcomes[RunState.CANCELED] += 1
            self._close_if_done(flow)
        else:
            flow.back.insert(0, (index, attempt, ""))
        self.grant()

    # -- gates and budgets

    def close_gate(self, gate: Gate, first_ms: int, longest_ms: int) -> None:
        closed = self.gates.get(gate)
        if closed and not closed.probing:
            return
        wait_ms = min(closed.wait_ms * 2, longest_ms) if closed else first_ms
        self.gates[gate] = ClosedGate(wait_ms, self.now_ms + wait_ms)

    def closed_gates(self, step: Step) -> set[Gate]:
        return GATES_OF[step] & set(self.gates)

    def left(self, operation: str) -> int:
        interval_ms = self.intervals_ms[operation]
        arrival_ms = max(self.arrivals_ms.get(operation, 0), self.now_ms)
        return floor((self.now_ms + max(interval_ms, 250) - arrival_ms) / interval_ms)

    def _charge(self, operation: str, requests: int) -> None:
        arrival_ms = max(self.arrivals_ms.get(operation, 0), self.now_ms)
        self.arrivals_ms[operation] = arrival_ms + requests * self.intervals_ms[operation]

    def claim(self, step: Step, want: int, taken: Sequence[str], resend_ms: int) -> None:
        """Redis handed out `taken`, in an order that is its own among runs due at the same time: follow it."""
        allowed = min(want, self.left(OPERATION_OF[step]), self.left("all"))
        for gate in self.closed_gates(step):
            allowed = min(allowed, 0 if self.now_ms < self.gates[gate].until_ms else 1)
        due = {name: run for name, run in self.runs.items() if STEP_OF[run.state] is step and run.due_ms <= self.now_ms}
        assert len(taken) == len(set(taken)) == min(allowed, len(due))
        assert set(taken) <= set(due)
        passed_over = [run.due_ms for name, run in due.items() if name not in taken]
        assert max((due[name].due_ms for name in taken), default=0) <= min(passed_over, default=self.now_ms)
        for name in taken:
            self.runs[name].due_ms = self.now_ms + resend_ms
        if taken:
            self._charge(OPERATION_OF[step], len(taken))
            self._charge("all", len(taken))
            for gate in self.closed_gates(step):
                self.gates[gate].until_ms, self.gates[gate].probing = self.now_ms + resend_ms, True
