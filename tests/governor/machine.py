"""Does at random what workers, operators and time do to a lane, in Redis and in the model, and compares.

`test_model.py` runs it; `mutants.py` shows that it notices when a script is wrong.
"""

from math import inf

import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from forebay.config.standing import FlowClass, Standing, StandingChange
from forebay.governor.contract import Claimed, CreateOutcome, Custody, EndPath, LaneLimits, Remembered, Retry
from forebay.governor.durations import Took
from forebay.governor.errors import FlowCanceled, FlowUnknown, LaneUnreconciled
from forebay.governor.keys import LANES
from forebay.governor.states import Gate, RunState, Step
from tests.governor.agreement import Agreement
from tests.governor.driver import PLENTY, STATE_OF, Lane
from tests.governor.keyspace import expiring, pass_time, set_clock, snapshot
from tests.governor.model import KEEP_FLOW_MS, STEP_OF, TICK_MS, Model
from tests.governor.sleeping_pumps import Ear, SleepingPumps

HOUR_MS = 3_600_000
#: So little is one request for each two ticks; most lanes have enough, since otherwise little would ever move.
RATES = st.sampled_from([PLENTY, 1000 / (2 * TICK_MS)])
OPERATIONS = ("creates_per_s", "retrieves_per_s", "requests_per_s")
ENOUGH = dict.fromkeys(OPERATIONS, PLENTY)
BUDGETS = st.one_of(st.just(ENOUGH), st.just(ENOUGH), st.fixed_dictionaries(dict.fromkeys(OPERATIONS, RATES)))
TICKS = st.integers(0, 4).map(lambda ticks: ticks * TICK_MS)
FLOWS = st.sampled_from(["one", "two", "three", "four"])
OUTCOMES = st.sampled_from([RunState.LANDED, RunState.FAILED, RunState.CANCELED])
QUERY_RUNS = st.sampled_from(["qr_a", "qr_b"])
A_FEW = st.integers(0, 3)
#: Who sets slots aside.
HOLDERS = st.sampled_from(["me", "me", "another"])
#: An end after some twenty seconds.
TOOK = Took(3.0, 9.1)
HOWS = st.sampled_from(["well", "well", "badly", "refused", "faulty", "not yet", "crash"])
CLASSES = st.sampled_from(FlowClass)
WEIGHTS = st.sampled_from([1.0, 2.0, 3.0, 0.5])
CEILINGS = st.sampled_from([0, 0, 0, 1, 2])
HOLD_AFTERS = st.sampled_from([None, None, None, 0, 1, 3])
STANDINGS = st.one_of(st.just(Standing()), st.builds(Standing, flow_class=CLASSES, weight=WEIGHTS, ceiling=CEILINGS))
STANDING_CHANGES = st.builds(
    StandingChange,
    flow_class=st.one_of(st.none(), CLASSES),
    weight=st.one_of(st.none(), WEIGHTS),
    ceiling=st.one_of(st.none(), CEILINGS),
)
#: What the spec says of a lane, and what an operator may say instead, with names as in `LaneLimits`.
SETTINGS = {
    "cap": st.sampled_from([12, 9, 6, 4, 3, 2, 1, 0]),
    "margin": st.sampled_from([0, 0, 1, 2]),
    "reserve_interactive": st.sampled_from([0, 1]),
    "reserve_scheduled": st.sampled_from([0, 0, 1]),
    "ageing_s": st.sampled_from([0, 2 * TICK_MS // 1000]),
}
#: Attempts by index, of runs whose creates may have been sent.
SENT = st.dictionaries(st.integers(0, 9), st.integers(0, 2), max_size=3)
RETRIED = st.one_of(st.just([*range(6)]), st.lists(st.integers(0, 5), max_size=4))


class LaneMachine(Agreement, RuleBasedStateMachine):
    """One lane. `holding` has every custody ever taken: most are stale, and may change nothing."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__()
        client.flushdb()
        self.client = client
        self.lane = Lane(client)
        self.governor = self.lane.governor
        self.reconciliation = self.lane.reconciliation
        self.told: list[tuple[Step, Claimed]] = []
        self.holding: list[Custody] = []
        self.slots_before: set[str] = set()
        self.ear = Ear(client)
        self.pumps = SleepingPumps(self.ear)

    def a_custody(self, data: st.DataObject, state: RunState | None = None) -> Custody:
        """Mostly one that is good, since otherwise little would ever move."""
        good = [held for held in self.holding if self._good(held.run, held.fence, state)]
        custody: Custody = data.draw(st.sampled_from(good if good and data.draw(A_FEW) else self.holding[-8:]))
        return custody

    def _good(self, name: str, fence: int, state: RunState | None) -> bool:
        run = self.model.runs.get(name)
        return run is not None and run.fence == fence and state in (None, run.state)

    # -- operator, scheduler, time

    @initialize(cap=st.integers(1, 5), rates=BUDGETS)
    def start(self, cap: int, rates: dict[str, float]) -> None:
        self.rates = rates
        operations = {"creates_per_s": "create", "retrieves_per_s": "retrieve", "requests_per_s": "all"}
        self.model = Model({operations[name]: 1000 / rate for name, rate in rates.items()}, KEEP_FLOW_MS)
        self.started_ms = self.redis_ms()
        self.model.reconciled = False  # a new lane
        self.configure(dict.fromkeys(SETTINGS, 0) | {"cap": cap})
        self.open_flow("one", 9, Standing())
        self.reconcile()

    @rule(settings=st.fixed_dictionaries(SETTINGS))
    def configure(self, settings: dict[str, int]) -> None:
        self.governor.configure(LaneLimits(**settings, **self.rates))
        self.model.configure(self._as_in_redis(settings))

    @rule(settings=st.fixed_dictionaries({}, optional=SETTINGS))
    def override(self, settings: dict[str, int]) -> None:
        self.governor.override(LaneLimits(**settings))
        self.model.configure(self._as_in_redis(settings), by_operator=True)

    def _as_in_redis(self, settings: dict[str, int]) -> dict[str, int]:
        ageing = {"ageing_ms": settings["ageing_s"] * 1000} if "ageing_s" in settings else {}
        return {name: value for name, value in settings.items() if name != "ageing_s"} | ageing

    @rule(flow=FLOWS, size=st.integers(1, 9), standing=STANDINGS, hold_after=HOLD_AFTERS)
    def open_flow(self, flow: str, size: int, standing: Standing, hold_after: int | None = None) -> None:
        opened = self.model.open_flow(flow, [RunState.WAITING] * size, {}, standing, hold_after=hold_after)
        assert self.governor.open_flow(flow, size, standing, hold_after=hold_after) == opened

    @rule(flow=FLOWS)
    def release(self, flow: str) -> None:
        assert self.governor.release(flow) == self.model.release(flow)

    @rule(flow=FLOWS, standing=STANDING_CHANGES)
    def set_flow(self, flow: str, standing: StandingChange) -> None:
        assert self.governor.set_flow(flow, standing) == self.model.set_flow(flow, standing)

    @rule()
    def resume_all(self) -> None:
        for flow in ("", *sorted(self.model.flows)):
            self.resume(flow)

    @rule(flow=st.one_of(st.just(""), FLOWS))
    def pause(self, flow: str) -> None:
        assert self.governor.pause("a reason", flow) == self.model.pause(flow, paused=True)

    @rule(flow=st.one_of(st.just(""), FLOWS))
    def resume(self, flow: str) -> None:
        assert self.governor.resume(flow) == self.model.pause(flow, paused=False)

    @precondition(lambda self: self.model.ageing)
    @rule(data=st.data())
    def age(self, data: st.DataObject) -> None:
        """A flow has waited too long."""
        flow = data.draw(st.sampled_from(sorted(self.model.ageing)))
        self.client.zadd(self.lane.keys.ageing, {flow: 0})
        self.model.ageing[flow] = 0

    @rule()
    def audit(self) -> None:
        assert self.governor.audit(every_ms=0, surely_over_ms=1) == (0, 0, 0, 0), "an account was wrong"
        self.model.grant()

    @rule(
        flow=FLOWS,
        states=st.lists(st.one_of(st.just(RunState.WAITING), OUTCOMES), min_size=1, max_size=5),
        retried=st.dictionaries(A_FEW, st.integers(1, 2), max_size=2),
        there=st.dictionaries(A_FEW, QUERY_RUNS, max_size=2),
        standing=STANDINGS,
        hold_after=HOLD_AFTERS,
        paused=st.sampled_from([None, None, "a reason"]),
    )
    def restore_flow(
        self,
        flow: str,
        states: list[RunState],
        retried: dict[int, int],
        there: dict[int, str],
        standing: Standing,
        *,
        hold_after: int | None,
        paused: str | None,
    ) -> None:
        waiting = {index for index, state in enumerate(states) if state is RunState.WAITING}
        canceling = RunState.CANCELED in states
        attempts = {index: attempt for index, attempt in retried.items() if index in waiting}
        query_runs = {index: query_run for index, query_run in there.items() if index in waiting}
        remembered = Remembered(
            size=len(states),
            states=states,
            attempts=attempts,
            query_runs=query_runs,
            stored_bytes=0,
            records=0,
            canceling=canceling,
            standing=standing,
            hold_after=hold_after,
            paused=paused,
        )
        restored = self.model.open_flow(
            flow,
            states,
            attempts,
            standing,
            canceling=canceling,
            hold_after=hold_after,
            paused=bool(paused),
            query_runs=query_runs,
        )
        assert self.reconciliation.restore_flow(flow, remembered) == restored

    @rule(flow=FLOWS, indexes=RETRIED, query_run=st.sampled_from(["", "qr_old"]))
    def retry(self, flow: str, indexes: list[int], query_run: str) -> None:
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

    @rule(flow=FLOWS, sent=SENT, answered=st.sets(st.integers(0, 9), max_size=5))
    def adopt(self, flow: str, sent: dict[int, int], answered: set[int]) -> None:
        slots = self.lane.slots()
        try:
            adopted = self.reconciliation.adopt(
                flow, list(sent.items()), [run for run in sent.items() if run[0] in answered]
            )
        except FlowUnknown:
            assert flow not in self.model.flows
        else:
            assert adopted == self.model.adopt(flow, sent, answered)
            self.slots_before = self.lane.slots()
            assert self.slots_before >= slots, "adopting freed a slot"

    @rule(ms=st.sampled_from([TICK_MS, HOUR_MS]))
    def set_clock_back(self, ms: int) -> None:
        """The next script finds it out."""
        set_clock(self.client, -ms)
        self.client.hset(self.lane.keys.config, "clock", int(self.redis_ms()) + ms)
        self._claim(0, 0, 0, 0)

    @rule(ms=st.sampled_from([HOUR_MS, 24 * HOUR_MS]))
    def set_clock_forward(self, ms: int) -> None:
        """A pump finds it out by a clock of its own. Forward by less than a wait, what is due after it comes early."""
        set_clock(self.client, ms)
        moves = int(self.client.hget(self.lane.keys.config, "clock_moves") or 0)
        scripts, before_ms = self.governor._scripts, int(self.redis_ms())
        self.client.hset(self.lane.keys.config, "clock", before_ms - ms)
        assert scripts.move_clock(moves=moves, by_ms=ms, before_ms=before_ms)
        assert not scripts.move_clock(moves=moves, by_ms=ms, before_ms=before_ms), "another pump moved it again"

    @rule()
    def put_back(self) -> None:
        """Another server has the lane now, or the same one after a restart."""
        self.client.hset(self.lane.keys.config, "server", "another")
        self.model.reconciled = False

    @rule()
    def reconcile(self) -> None:
        reconciliation = self.reconciliation.unreconciled()
        assert (reconciliation is None) == self.model.reconciled
        assert not self.reconciliation.reconciled("another")
        if reconciliation is not None:
            assert self.reconciliation.reconciled(reconciliation)
            self.model.reconcile()

    @rule(holder=HOLDERS, slots=st.integers(0, 2), for_ms=st.sampled_from([TICK_MS, 3 * TICK_MS, HOUR_MS]))
    def set_aside(self, holder: str, slots: int, for_ms: int) -> None:
        may_create = self.governor.set_aside(holder, slots, for_ms)
        assert may_create == self.model.set_aside(holder, slots, for_ms)
        if may_create and slots:
            own = self.model.settings["cap"] - self.model.settings["margin"]
            assert len(self.lane.slots()) + slots <= own, "with what was set aside there may be more than the cap"

    @rule(operation=st.sampled_from(["create", "retrieve"]))
    def spend(self, operation: str) -> None:
        wait_ms = self.governor.spend(operation)
        assert min(wait_ms, 1) == self.model.spend(operation), "a request beside all steps went past gates or budgets"

    @rule(flow=FLOWS)
    def cancel(self, flow: str) -> None:
        assert self.governor.cancel(flow) == self.model.cancel(flow)

    @rule(ms=st.sampled_from([TICK_MS, 2 * TICK_MS, HOUR_MS, HOUR_MS, 24 * 31 * HOUR_MS]))
    def pass_time(self, ms: int) -> None:
        slots = self.lane.slots()
        pass_time(self.client, ms)
        aside = self.model.slots_aside
        self.model.pass_time(ms)
        assert self.lane.slots() == slots, "a clock freed a slot"
        if self.model.slots_aside < aside:  # the next claim gives to flows what a dead holder had
            self._claim(0, 0, 0, 0)

    @rule()
    def forget_scripts(self) -> None:
        self.client.script_flush()

    # -- the pump

    @rule(submits=A_FEW, downloads=A_FEW, polls=A_FEW, resend_ms=TICKS, believes=st.booleans())
    def claim(self, submits: int, downloads: int, polls: int, resend_ms: int, *, believes: bool) -> None:
        """One that believes the last claim gets what one that looks gets, unless a flow moves up a class."""
        believes = believes and min(self.model.ageing.values(), default=inf) > self.model.now_ms
        self._claim(submits, downloads, polls, resend_ms, believes=believes)

    def _claim(
        self, submits: int, downloads: int, polls: int, resend_ms: int, *, believes: bool = False
    ) -> list[tuple[Step, Claimed]]:
        slots = self.lane.slots()
        claims = self.governor.claim(
            submits=submits, downloads=downloads, polls=polls, resend_ms=resend_ms, unless_quiet=believes
        )
        assert self.lane.slots() >= slots, "a clock freed a slot"
        self.model.grant()
        self._adopt_fences(snapshot(self.client))
        assert self.model.reconciled or not claims.due[Step.SUBMIT], "an unreconciled lane creates"
        assert all(ms >= 0 for ms in claims.sleep_ms.values())
        new: list[tuple[Step, Claimed]] = []
        for step, want in ((Step.SUBMIT, submits), (Step.DOWNLOAD, downloads), (Step.POLL, polls)):
            taken = claims.due[step]
            self.model.claim(step, want, [claimed.run for claimed in taken], resend_ms)
            assert all(self.model.runs[claimed.run].fence == claimed.fence for claimed in taken)
            new += [(step, claimed) for claimed in taken]
        self.told += new
        left_due = {step for step in Step if self.model.first_due_ms(step) <= self.model.now_ms}
        self.pumps.claimed(claims, self.model.now_ms, left_due)
        return new

    # -- the steps

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

    @rule()
    def wake_all(self) -> None:
        assert self.lane.events.wake_all() == self.model.running
        self.model.wake(sorted({run.query_run for run in self.model.runs.values()}), ended=False, unheard=set())

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
