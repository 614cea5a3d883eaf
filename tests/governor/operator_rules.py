"""Does at random what operators, the scheduler, time and pumps do to a lane, in Redis and in the model."""

from math import inf

import redis
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from forebay.config.standing import Standing, StandingChange
from forebay.governor.contract import Claimed, Claims, Custody, LaneLimits, Remembered, Retry
from forebay.governor.errors import FlowCanceled, FlowUnknown
from forebay.governor.states import RunState, Step
from tests.governor.agreement import Agreement
from tests.governor.driver import Lane
from tests.governor.keyspace import pass_time, set_clock, snapshot
from tests.governor.machine_choices import (
    A_FEW,
    BUDGETS,
    FLOWS,
    HOLD_AFTERS,
    HOLDERS,
    HOUR_MS,
    OUTCOMES,
    QUERY_RUNS,
    RETRIED,
    SENT,
    SETTINGS,
    STANDING_CHANGES,
    STANDINGS,
    SWEEP_MS,
    TICKS,
)
from tests.governor.model import Model
from tests.governor.model_records import KEEP_FLOW_MS, TICK_MS
from tests.governor.sleeping_pumps import Ear, SleepingPumps


class OperatorRules(Agreement):
    """One lane. `holding` has every custody ever taken: most are stale, and may change nothing."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__()
        client.flushdb()
        self.client = client
        self.lane = Lane(client)
        self.governor = self.lane.governor
        self.reconciliation = self.lane.reconciliation
        self.told: list[tuple[Step, Claimed]] = []
        self.sweeps: list[int] = []
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
            submits=submits,
            downloads=downloads,
            polls=polls,
            resend_ms=resend_ms,
            sweep_ms=SWEEP_MS,
            unless_quiet=believes,
        )
        assert self.lane.slots() >= slots, "a clock freed a slot"
        self.model.grant()
        self._adopt_fences(snapshot(self.client))
        assert self.model.reconciled or not claims.due[Step.SUBMIT], "an unreconciled lane creates"
        assert all(ms >= 0 for ms in claims.sleep_ms.values())
        swept = self.model.sweep_at_ms is None and self._swept(claims)
        new: list[tuple[Step, Claimed]] = []
        for step, want in ((Step.SUBMIT, submits), (Step.DOWNLOAD, downloads), (Step.POLL, polls)):
            swept = swept or (step is Step.POLL and self._swept(claims))
            taken = claims.due[step]
            self.model.claim(step, want, [claimed.run for claimed in taken], resend_ms)
            assert all(self.model.runs[claimed.run].fence == claimed.fence for claimed in taken)
            new += [(step, claimed) for claimed in taken]
        assert swept == bool(claims.sweep), "one was asked for that is not due"
        self.told += new
        left_due = {step for step in Step if self.model.first_due_ms(step) <= self.model.now_ms}
        self.pumps.claimed(claims, self.model.now_ms, left_due)
        return new

    def _swept(self, claims: Claims) -> bool:
        if not self.model.may_sweep():
            return False
        if not claims.sweep:
            assert self.model.may_wait, "a sweep that is due was not asked for"
            return False
        self.model.sweep(claims.sweep, SWEEP_MS)
        self.sweeps.append(claims.sweep)
        return True
