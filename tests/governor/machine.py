"""Does at random what workers, operators and time do to a lane, in Redis and in the model, and compares.

`test_model.py` runs it; `mutants.py` shows that it notices when a script is wrong.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from forebay.config.standing import StandingChange
from forebay.governor.contract import Claimed, CreateOutcome, Custody, EndPath, LaneLimits
from forebay.governor.errors import LaneUnreconciled
from forebay.governor.keys import LANES
from forebay.governor.states import Gate, RunState, Step
from tests.governor.driver import STATE_OF
from tests.governor.keyspace import expiring, pass_time, snapshot
from tests.governor.machine_choices import (
    A_FEW,
    ENOUGH,
    HOUR_MS,
    HOWS,
    OUTCOMES,
    QUERY_RUNS,
    SWEEP_MS,
    TICKS,
    TOOK,
)
from tests.governor.model_records import STEP_OF, TICK_MS
from tests.governor.operator_rules import OperatorRules


class LaneMachine(OperatorRules, RuleBasedStateMachine):
    """One lane, with all that happens to it; here what workers do to the runs that they hold."""

    @rule(hows=st.lists(HOWS, min_size=2, max_size=8))
    def work_unhindered(self, hows: list[str]) -> None:
        """Most rules stand in the way of going far: here a lane gets going."""
        self.open_gates([*Gate])
        self.resume_all()
        self.reconcile()
        if self.model.room <= 0:
            self.override({"cap": 5, "margin": 0})  # of which no more than two are set aside
        self.redis_agrees()
        for how in hows:
            self.work(how)
        self.pass_time(2 * TICK_MS)  # so that what crashed is due again

    @rule(how=HOWS)
    def work(self, how: str) -> None:
        """Does what a worker does in one go, so that runs often get far."""
        for step, claimed in self._claim(3, 3, 3, TICK_MS):
            custody = self._begin(claimed, STATE_OF[step], 2 * TICK_MS)
            self._adopt_fences(snapshot(self.client))
            if custody:
                self._carry_on(custody, how)
                self.redis_agrees()

    def _carry_on(self, custody: Custody, how: str) -> None:
        run = self.model.runs[custody.run]
        match how, custody.state:
            case "well", RunState.GRANTED:
                assert self.governor.bind(custody, "qr_c", 0)
                self.model.bind(run, "qr_c", 0)
            case "well", RunState.RUNNING:
                assert self.governor.ready(custody, query="q", took=TOOK)
                self.model.ready(run, "q", 0)
            case "well" | "badly", _:
                outcome = RunState.LANDED if how == "well" else RunState.FAILED
                assert self.governor.finish(custody, outcome)
                self.model.finish(custody.run, outcome, 0, 0)
            case "refused", RunState.GRANTED:
                self._refuse(custody)
            case "refused" | "faulty", _:
                assert self.governor.requeue(custody, attempt=custody.attempt)
                self.model.requeue(custody.run, custody.attempt)
            case "not yet", _:
                assert self.governor.defer(custody, 0)
                self.model.defer(run, 0, "")

    def _refuse(self, custody: Custody) -> None:
        """A refusal by Stripe's cap: it costs the run and its flow nothing."""
        flow = self.model.flows[custody.flow]
        key, tag = self.lane.keys.flow(custody.flow), flow.tag
        same_class = flow.flow_class is self.model.runs[custody.run].charge[0]
        paid = self.model.runs[custody.run].charge[1] if same_class else 0
        assert self.governor.requeue(custody, attempt=custody.attempt, refused=True)
        self.model.requeue(custody.run, custody.attempt, refused=True)
        granted = [run for run in self.model.runs.values() if run.flow == custody.flow and run.fence is None]
        again = sum(run.charge[1] for run in granted)
        assert int(self.client.hget(key, "tag")) == tag - paid + again, "a refusal was charged"

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
        self._same_age(custody.since_poll_ms, run.looked_ms)
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
        if run and not (self.model.reconciled and run.cleared):
            with pytest.raises(LaneUnreconciled):
                self.governor.mark_sent(custody, key)
            return
        if run:
            run.key, run.sent_ms = run.key or key, self.model.now_ms
        assert self.governor.mark_sent(custody, key) == (run.key if run else None)
        if run:
            assert self.governor.mark_sent(custody, "key_of_another_body") == run.key

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), query_run=QUERY_RUNS, first_poll_ms=TICKS)
    def bind(self, data: st.DataObject, query_run: str, first_poll_ms: int) -> None:
        custody = self.a_custody(data, RunState.GRANTED)
        run = self.model.holds(custody.run, custody.fence, RunState.GRANTED)
        if run:
            self.model.bind(run, query_run, first_poll_ms)
        assert self.governor.bind(custody, query_run, first_poll_ms) == bool(run)

    @rule(query_runs=st.lists(QUERY_RUNS, max_size=3), ended=st.booleans())
    def wake(self, query_runs: list[str], ended: bool) -> None:  # a rule's argument
        unheard = set(self.client.zrange(self.lane.keys.unheard, 0, -1))
        woken = self.lane.events.wake(EndPath.EVENTS, ((each, None) for each in query_runs), ended=ended)
        assert woken == self.model.wake(query_runs, ended=ended, unheard=unheard)
        self.model.has_feed = True

    @rule()
    def wake_all(self) -> None:
        assert self.lane.events.wake_all() == self.model.running
        self.model.wake(sorted({run.query_run for run in self.model.runs.values()}), ended=False, unheard=set())

    @precondition(lambda self: self.sweeps)
    @rule(data=st.data(), next_ms=TICKS, alone_ms=TICKS)
    def sweep(self, data: st.DataObject, next_ms: int, alone_ms: int) -> None:
        fence = data.draw(st.sampled_from(self.sweeps[-2:]))
        begun = self.lane.events.begin_sweep(fence, custody_ms=SWEEP_MS)
        self.model.begin_sweep(fence, begun, SWEEP_MS)
        if begun is not None:
            self.sweeps.append(begun)
        if data.draw(A_FEW):
            fence = begun or fence
            ended = self.lane.events.swept(fence, next_ms=next_ms, alone_ms=alone_ms, since="")
            assert ended == self.model.swept(fence, next_ms, alone_ms)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), query=st.sampled_from(["", "q"]), landing_ms=TICKS)
    def ready(self, data: st.DataObject, query: str, landing_ms: int) -> None:
        custody = self.a_custody(data, RunState.RUNNING)
        run = self.model.holds(custody.run, custody.fence, RunState.RUNNING)
        if run:
            self.model.ready(run, query, landing_ms)
        assert self.governor.ready(custody, query=query, took=TOOK, landing_ms=landing_ms) == bool(run)

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
    def requeue(self, data: st.DataObject, charged: int) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        if run:
            self.model.requeue(custody.run, custody.attempt + charged)
        assert self.governor.requeue(custody, attempt=custody.attempt + charged) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        custody = self.a_custody(data, RunState.GRANTED)
        if self.model.holds(custody.run, custody.fence):
            self._refuse(custody)
        else:
            assert not self.governor.requeue(custody, attempt=0, refused=True)

    @precondition(lambda self: self.holding)
    @rule(
        data=st.data(),
        delay_ms=TICKS,
        trouble=st.sampled_from(["", "no answer"]),
        create=st.sampled_from(CreateOutcome),
    )
    def defer(self, data: st.DataObject, delay_ms: int, trouble: str, create: CreateOutcome) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        if run:
            self.model.defer(run, delay_ms, trouble, create)
        assert self.governor.defer(custody, delay_ms, trouble, create) == bool(run)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), custody_ms=TICKS, received=A_FEW)
    def renew(self, data: st.DataObject, custody_ms: int, received: int) -> None:
        custody = self.a_custody(data)
        run = self.model.holds(custody.run, custody.fence)
        kept = run is not None and not self.model.flows[run.flow].canceling
        if run and kept:
            run.due_ms, run.received = self.model.now_ms + custody_ms, received
        assert self.governor.renew(custody, custody_ms, received) == kept

    @rule(gate=st.sampled_from([Gate.CAP, *Gate]), longest_ms=st.sampled_from([TICK_MS, 3 * TICK_MS]))
    def close_gate(self, gate: Gate, longest_ms: int) -> None:
        self.governor.close_gate(gate, first_ms=TICK_MS, longest_ms=longest_ms, reason="refused")
        self.model.close_gate(gate, TICK_MS, longest_ms)

    @rule(gates=st.one_of(st.just([*Gate]), st.lists(st.sampled_from(Gate), max_size=1)))
    def open_gates(self, gates: list[Gate]) -> None:
        self.governor.open_gates(gates)
        for gate in gates:
            self.model.gates.pop(gate, None)

    def teardown(self) -> None:
        """Whatever happened, all of it can be brought to an end, and then nothing is left but what tells of it."""
        self.ear.close()
        self._let_all_through()
        for _ in range(10):  # each ends up to a hundred runs: more there never are
            for custody in [self.lane.begin(step, claimed) for step in Step for claimed in self.lane.claim(step)]:
                assert self.governor.finish(custody, RunState.LANDED)
        lane = self.lane.keys
        kept = {LANES, lane.config, lane.stats, lane.totals, lane.budgets, lane.feed}
        assert set(self.client.keys("*")) - expiring(self.client) <= kept, "a key is left when all is drained"

    def _let_all_through(self) -> None:
        self.governor.override(
            LaneLimits(cap=100, margin=0, reserve_interactive=0, reserve_scheduled=0, ageing_s=0, **ENOUGH)
        )
        self.client.hdel(self.lane.keys.config, "limit")
        self.governor.open_gates(Gate)
        for flow in self.model.flows:
            self.governor.set_flow(flow, StandingChange(ceiling=0))
            self.governor.resume(flow)
            self.governor.release(flow)
        self.governor.resume()
        self.reconcile()
        pass_time(self.client, 24 * HOUR_MS)
