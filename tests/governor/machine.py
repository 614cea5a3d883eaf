"""Does at random what workers, operators and time do to a lane, in Redis and in the model, and compares.

`test_model.py` runs it; `mutants.py` shows that it notices when a script is wrong.
"""

import math
from typing import Any

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from governor.errors import FlowCanceled, FlowUnknown
from governor.governor import KEEP_FLOW_MS, Claimed, Custody, Remembered, Retry
from governor.states import Gate, RunState, Step, unpack
from tests.governor.driver import PLENTY, STATE_OF, Lane
from tests.governor.keyspace import expiring, keys_without_a_reason, pass_time, snapshot
from tests.governor.model import STEP_OF, TICK_MS, Model

HOUR_MS = 3_600_000
#: So little is one request for each two ticks.
RATES = st.sampled_from([PLENTY, PLENTY, PLENTY, PLENTY, 1000 / (2 * TICK_MS)])
TICKS = st.integers(0, 4).map(lambda ticks: ticks * TICK_MS)
FLOWS = st.sampled_from(["one", "two", "three", "four"])
OUTCOMES = st.sampled_from([RunState.LANDED, RunState.FAILED, RunState.CANCELED])
QUERY_RUNS = st.sampled_from(["qr_a", "qr_b"])
A_FEW = st.integers(0, 3)
RETRIED = st.one_of(st.just([*range(6)]), st.lists(st.integers(0, 5), max_size=4))


class LaneMachine(RuleBasedStateMachine):
    """One lane. `holding` has every custody ever taken: most are stale, and may change nothing."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__()
        client.flushdb()
        self.client: Any = client
        self.lane = Lane(client)
        self.governor = self.lane.governor
        self.told: list[tuple[Step, Claimed]] = []
        self.holding: list[Custody] = []
        self.slots_before = 0

    def a_custody(self, data: st.DataObject, state: RunState | None = None) -> Custody:
        """Mostly one that is good, since otherwise little would ever move."""
        good = [held for held in self.holding if self._good(held.run, held.fence, state)]
        custody: Custody = data.draw(st.sampled_from(good if good and data.draw(A_FEW) else self.holding[-8:]))
        return custody

    def _good(self, name: str, fence: int, state: RunState | None) -> bool:
        run = self.model.runs.get(name)
        return run is not None and run.fence == fence and state in (None, run.state)

    # -- operator, scheduler, time

    @initialize(cap=st.integers(1, 3), creates_per_s=RATES, retrieves_per_s=RATES, requests_per_s=RATES)
    def start(self, cap: int, **rates: float) -> None:
        self.rates = rates
        operations = {"creates_per_s": "create", "retrieves_per_s": "retrieve", "requests_per_s": "all"}
        self.model = Model({operations[name]: 1000 / rate for name, rate in rates.items()}, KEEP_FLOW_MS)
        self.started_ms = self._redis_ms()
        self.configure(cap, 0)
        self.open_flow("one", 5)

    @rule(cap=st.sampled_from([2, 3, 4, 1, 0]), margin=st.sampled_from([0, 0, 0, 1, 2]))
    def configure(self, cap: int, margin: int) -> None:
        self.lane.configure(cap, margin, **self.rates)
        self.model.configure(cap, margin)

    @rule(flow=FLOWS, size=st.integers(1, 5))
    def open_flow(self, flow: str, size: int) -> None:
        assert self.governor.open_flow(flow, size) == self.model.open_flow(flow, [RunState.WAITING] * size, {})

    @rule(
        flow=FLOWS,
        states=st.lists(st.one_of(st.just(RunState.WAITING), OUTCOMES), min_size=1, max_size=5),
        retried=st.dictionaries(A_FEW, st.integers(1, 2), max_size=2),
    )
    def restore_flow(self, flow: str, states: list[RunState], retried: dict[int, int]) -> None:
        waiting = {index for index, state in enumerate(states) if state is RunState.WAITING}
        canceling = RunState.CANCELED in states and not waiting
        attempts = {index: attempt for index, attempt in retried.items() if index in waiting}
        remembered = Remembered(
            size=len(states), states=states, attempts=attempts, stored_bytes=0, records=0, canceling=canceling
        )
        restored = self.model.open_flow(flow, states, attempts)
        assert self.governor.restore_flow(flow, remembered) == restored
        self.model.flows[flow].canceling |= restored and canceling

    @rule(data=st.data(), indexes=RETRIED, query_run=st.sampled_from(["", "qr_old"]))
    def retry(self, data: st.DataObject, indexes: list[int], query_run: str) -> None:
        failed = [name for name, flow in self.model.flows.items() if flow.outcomes[RunState.FAILED]]
        flow = data.draw(st.sampled_from(failed) if failed and data.draw(A_FEW) else FLOWS)
        runs = [(index, 0 if query_run else 1, query_run) for index in indexes]
        known = self.model.flows.get(flow)
        try:
            retried = self.governor.retry(flow, [Retry(*run) for run in runs])
        except FlowUnknown:
            assert known is None
        except FlowCanceled:
            assert known is not None
            assert known.canceling
        else:
            assert retried == self.model.retry(flow, runs)

    @rule(flow=FLOWS)
    def cancel(self, flow: str) -> None:
        assert self.governor.cancel(flow) == self.model.cancel(flow)

    @rule(ms=st.sampled_from([TICK_MS, 2 * TICK_MS, HOUR_MS, HOUR_MS, 24 * 31 * HOUR_MS]))
    def pass_time(self, ms: int) -> None:
        pass_time(self.client, ms)
        self.model.pass_time(ms)

    @rule()
    def forget_scripts(self) -> None:
        self.client.script_flush()

    # -- the pump

    @rule(submits=A_FEW, downloads=A_FEW, polls=A_FEW, resend_ms=TICKS)
    def claim(self, submits: int, downloads: int, polls: int, resend_ms: int) -> None:
        self._claim(submits, downloads, polls, resend_ms)

    def _claim(self, submits: int, downloads: int, polls: int, resend_ms: int) -> list[tuple[Step, Claimed]]:
        claims = self.governor.claim(submits=submits, downloads=downloads, polls=polls, resend_ms=resend_ms)
        assert 0 <= claims.sleep_ms <= 1000
        new: list[tuple[Step, Claimed]] = []
        for step, want in ((Step.SUBMIT, submits), (Step.DOWNLOAD, downloads), (Step.POLL, polls)):
            taken = claims.due[step]
            self.model.claim(step, want, [claimed.run for claimed in taken], resend_ms)
            assert all(self.model.runs[claimed.run].fence == claimed.fence for claimed in taken)
            new += [(step, claimed) for claimed in taken]
        self.told += new
        return new

    # -- the steps

    @rule(how=st.sampled_from(["badly", "refused", "not yet", "crash"]))
    def work_with_troubles(self, how: str) -> None:
        self._work(how)

    @rule()
    def work_well(self) -> None:
        self._work("well")

    def _work(self, how: str) -> None:
        """What a worker does in one go, so that runs often get far."""
        for step, claimed in self._claim(3, 3, 3, TICK_MS):
            custody = self._begin(claimed, STATE_OF[step], 2 * TICK_MS)
            self._adopt_fences(snapshot(self.client))
            if custody:
                self._carry_on(custody, how)
                self._adopt_fences(snapshot(self.client))

    def _carry_on(self, custody: Custody, how: str) -> None:
        run = self.model.runs[custody.run]
        match how, custody.state:
            case "well", RunState.GRANTED:
                assert self.governor.bind(custody, "qr_c", 0)
                self.model.bind(run, "qr_c", 0)
            case "well", RunState.RUNNING:
                assert self.governor.ready(custody)
                self.model.ready(run)
            case "well" | "badly", _:
                outcome = RunState.LANDED if how == "well" else RunState.FAILED
                assert self.governor.finish(custody, outcome)
                self.model.finish(custody.run, outcome, 0, 0)
            case "refused", _:
                assert self.governor.put_back(custody, attempt=custody.attempt)
                self.model.put_back(custody.run, custody.attempt)
            case "not yet", _:
                assert self.governor.again(custody, 0)
                run.due_ms, run.trouble, run.tries = self.model.now_ms, None, 0

    @precondition(lambda self: self.told)
    @rule(data=st.data(), custody_ms=TICKS, mistaken=st.integers(0, 5))
    def begin(self, data: st.DataObject, custody_ms: int, mistaken: int) -> None:
        step, claimed = data.draw(st.sampled_from(self.told[-8:]))
        state = STATE_OF[Step.POLL] if mistaken == 0 else STATE_OF[step]
        self._begin(claimed, state, custody_ms)

    def _begin(self, claimed: Claimed, state: RunState, custody_ms: int) -> Custody | None:
        custody = self.governor.begin(claimed, state, custody_ms)
        run = self.model.begin(claimed.run, claimed.fence, state, custody_ms)
        assert (custody is None) == (run is None)
        if custody is None or run is None:
            return None
        self.holding.append(custody)
        seen = (custody.run, custody.flow, custody.index, custody.attempt, custody.state, custody.tries)
        assert seen == (f"{run.flow}/{run.index}", run.flow, run.index, run.attempt, run.state, run.tries)
        assert (custody.query_run or "", custody.key) == (run.query_run, run.key)
        assert custody.canceling == self.model.flows[run.flow].canceling
        assert custody.closed_gates == self.model.closed_gates(STEP_OF[state])
        self._same_age(custody.since_grant_ms, run.granted_ms)
        self._same_age(custody.since_create_ms, run.submitted_ms)
        self._same_age(custody.since_end_ms, run.ended_ms)
        return custody

    def _same_age(self, age_ms: int | None, since_ms: int | None) -> None:
        assert (age_ms is None) == (since_ms is None)
        if age_ms is not None and since_ms is not None:
            assert 0 <= age_ms - (self.model.now_ms - since_ms) < TICK_MS

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), key=st.sampled_from(["key_a", "key_b"]))
    def mark_sent(self, data: st.DataObject, key: str) -> None:
        custody = self.a_custody(data, RunState.GRANTED)
        run = self.model.holds(custody.run, custody.fence, RunState.GRANTED)
        if run:
            run.key = run.key or key
        assert self.governor.mark_sent(custody, key) == (run.key if run else None)
        if run:
            assert self.governor.mark_sent(custody, "key_of_another_body") == run.key

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), query_run=QUERY_RUNS, first_look_ms=TICKS)
    def bind(self, data: st.DataObject, query_run: str, first_look_ms: int) -> None:
        custody = self.a_custody(data, RunState.GRANTED)
        run = self.model.holds(custody.run, custody.fence, RunState.GRANTED)
        if run:
            self.model.bind(run, query_run, first_look_ms)
        assert self.governor.bind(custody, query_run, first_look_ms) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data())
    def ready(self, data: st.DataObject) -> None:
        custody = self.a_custody(data, RunState.RUNNING)
        run = self.model.holds(custody.run, custody.fence, RunState.RUNNING)
        if run:
            self.model.ready(run)
        assert self.governor.ready(custody) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), outcome=OUTCOMES, stored_bytes=A_FEW, records=A_FEW)
    def finish(self, data: st.DataObject, outcome: RunState, stored_bytes: int, records: int) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        if run:
            self.model.finish(custody.run, outcome, stored_bytes, records)
        assert self.governor.finish(custody, outcome, stored_bytes=stored_bytes, records=records) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), charged=st.integers(0, 1))
    def put_back(self, data: st.DataObject, charged: int) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        if run:
            self.model.put_back(custody.run, custody.attempt + charged)
        assert self.governor.put_back(custody, attempt=custody.attempt + charged) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), delay_ms=TICKS, trouble=st.sampled_from(["", "no answer"]))
    def again(self, data: st.DataObject, delay_ms: int, trouble: str) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        if run:
            run.due_ms, run.trouble = self.model.now_ms + delay_ms, trouble or None
            run.tries = run.tries if trouble else 0
        assert self.governor.again(custody, delay_ms, trouble) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), custody_ms=TICKS, received=A_FEW)
    def keep(self, data: st.DataObject, custody_ms: int, received: int) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        if run:
            run.due_ms, run.received = self.model.now_ms + custody_ms, received
        assert self.governor.keep(custody, custody_ms, received) == bool(run)

    @rule(gate=st.sampled_from([Gate.CAP, *Gate]), longest_ms=st.sampled_from([TICK_MS, 3 * TICK_MS]))
    def close_gate(self, gate: Gate, longest_ms: int) -> None:
        self.governor.close_gate(gate, first_ms=TICK_MS, longest_ms=longest_ms, reason="refused")
        self.model.close_gate(gate, TICK_MS, longest_ms)

    @rule(gate=st.sampled_from(Gate))
    def open_gate(self, gate: Gate) -> None:
        self.governor.open_gates([gate])
        self.model.gates.pop(gate, None)

    # -- what must hold after each of them

    @invariant()
    def redis_agrees(self) -> None:
        held = snapshot(self.client)
        self._slots_are_counted_and_filled(held)
        self._every_run_is_in_one_place(held)
        self._adopt_fences(held)
        assert keys_without_a_reason(self.client) == set(), "a key was left behind"
        self._runs_agree(held)
        self._flows_agree(held)
        self._gates_and_stats_agree(held)

    def _adopt_fences(self, held: dict[str, Any]) -> None:
        """Redis chooses fences; each must be greater than all before."""
        new = [
            (int(held[self.lane.keys.run(name)]["fence"]), run)
            for name, run in self.model.runs.items()
            if not run.fence
        ]
        for fence, run in sorted(new, key=lambda pair: pair[0]):
            assert fence > self.model.newest_fence
            self.model.newest_fence = run.fence = fence

    def _slots_are_counted_and_filled(self, held: dict[str, Any]) -> None:
        slots, flows = held.get(self.lane.keys.slots, {}), held.get(self.lane.keys.flows, {})
        config = held[self.lane.keys.config]
        limit = int(config["cap"]) - int(config["margin"])
        assert len(slots) <= max(limit, self.slots_before), "a grant went over the cap"
        assert not flows or len(slots) >= limit, "a slot stands free beside a waiting run"
        counted = sum(int(held[self.lane.keys.flow(name)]["held"]) for name in self.model.flows)
        assert counted == len(slots) == self.model.slots, "the account of slots is wrong"
        self.slots_before = len(slots)

    def _every_run_is_in_one_place(self, held: dict[str, Any]) -> None:
        due = sorted((step, name) for step in Step for name in held.get(self.lane.keys.due(step), {}))
        expected = sorted((STEP_OF[run.state], name) for name, run in self.model.runs.items())
        assert due == expected, "a run is lost, or due for two steps, or another one runs"
        slots = held.get(self.lane.keys.slots, {})
        assert set(slots) == {name for name, run in self.model.runs.items() if run.holds_slot}
        records = {key for key in held if ":run:" in key}
        assert records == {self.lane.keys.run(name) for name in self.model.runs}, (
            "a run without a record, or none for it"
        )
        waiting = {name for name, flow in self.model.flows.items() if flow.waiting and not flow.canceling}
        assert set(held.get(self.lane.keys.flows, {})) == waiting, "the wrong flows are eligible"

    def _runs_agree(self, held: dict[str, Any]) -> None:
        for name, run in self.model.runs.items():
            record = held[self.lane.keys.run(name)]
            due_ms = self._model_ms(held[self.lane.keys.due(STEP_OF[run.state])][name])
            assert 0 <= due_ms - run.due_ms < TICK_MS, "a run is due at another time"
            if run.holds_slot:
                assert 0 <= self._model_ms(held[self.lane.keys.slots][name]) - run.granted_ms < TICK_MS
            expected = {
                "flow": run.flow,
                "index": str(run.index),
                "attempt": str(run.attempt),
                "state": run.state,
                "fence": str(run.fence),
                "query_run": run.query_run,
                "key": run.key,
                "trouble": run.trouble,
                "received": None if run.received is None else str(run.received),
            }
            assert {field: record.get(field) for field in expected} == expected, "a run's record differs"
            assert int(record.get("tries", 0)) == run.tries, "tries are counted wrongly"

    def _flows_agree(self, held: dict[str, Any]) -> None:
        assert {key for key in held if ":flow:" in key} == {self.lane.keys.flow(name) for name in self.model.flows}
        going = expiring(self.client)
        for name, flow in self.model.flows.items():
            view, record = self.lane.flow(name), held[self.lane.keys.flow(name)]
            outcomes = (
                flow.outcomes[RunState.LANDED],
                flow.outcomes[RunState.FAILED],
                flow.outcomes[RunState.CANCELED],
            )
            assert (view.landed, view.failed, view.canceled) == outcomes, "outcomes are counted wrongly"
            assert (view.size, view.cursor, view.waiting) == (flow.size, flow.cursor, flow.waiting)
            assert (view.stored_bytes, view.records) == (flow.stored_bytes, flow.records)
            assert (view.canceling, view.done) == (flow.canceling, flow.done_ms is not None), "done or canceled wrongly"
            runs = [run for run in self.model.runs.values() if run.flow == name]
            assert view.held == sum(run.holds_slot for run in runs)
            assert view.ready == sum(run.state is RunState.READY for run in runs)
            assert (self.lane.keys.flow(name) in going) == view.done, "a flow expires too early, or never"
            assert int(record["order"]) == flow.order
            back = [f"{index}|{attempt}|{query_run}" for index, attempt, query_run in flow.back]
            assert held.get(self.lane.keys.back(name), []) == back, (
                "the wrong runs were put back, or to the wrong place"
            )
            states = unpack(held.get(self.lane.keys.states(name), b""))
            states += [RunState.WAITING] * (flow.size - len(states))
            assert states[: flow.size] == flow.states, "a state is not written down"

    def _gates_and_stats_agree(self, held: dict[str, Any]) -> None:
        config = held[self.lane.keys.config]
        for gate in Gate:
            closed = self.model.gates.get(gate)
            fields = (config.get(f"{gate}_wait"), config.get(f"{gate}_probing"))
            assert fields == ((str(closed.wait_ms), "1" if closed.probing else None) if closed else (None, None))
            if closed:
                assert 0 <= self._model_ms(config[f"{gate}_until"]) - closed.until_ms < TICK_MS
        counted = {name: int(number) for name, number in held.get(self.lane.keys.stats, {}).items()}
        assert counted == {str(name): number for name, number in self.model.stats.items() if number}
        for operation, arrival_ms in held.get(self.lane.keys.budgets, {}).items():
            late_ms = self._model_ms(arrival_ms) - self.model.arrivals_ms[operation]
            assert -1 < late_ms < TICK_MS

    def _redis_ms(self) -> int:
        seconds, micros = self.client.time()
        return int(seconds) * 1000 + math.floor(int(micros) / 1000)

    def _model_ms(self, instant: str | float) -> float:
        """An instant of Redis on the model's clock; what really passed meanwhile is added."""
        return float(instant) - self.started_ms + self.model.now_ms
