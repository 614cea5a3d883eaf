"""Checks what must hold after each step of `machine.py`: Redis says what the model says, invariants hold."""

import math
from typing import Any

from hypothesis.stateful import invariant

from forebay.config.standing import FlowClass, Standing
from forebay.governor.states import Gate, RunState, Step, unpack
from tests.governor.driver import Lane
from tests.governor.keyspace import expiring, keys_without_a_reason, snapshot
from tests.governor.model import Model
from tests.governor.model_records import HEAD_START_MS, STEP_OF, TICK_MS, TOGETHER_MS
from tests.governor.sleeping_pumps import SleepingPumps


class Agreement:
    """The checks of a machine that has these."""

    client: Any
    lane: Lane
    model: Model
    started_ms: float
    """When the model's clock began, on that of Redis."""
    slots_before: set[str]
    pumps: SleepingPumps

    @invariant()
    def redis_agrees(self) -> None:
        held = snapshot(self.client)
        self._slots_are_counted_and_filled(held)
        self._every_run_is_in_one_place(held)
        self._adopt_fences(held)
        assert keys_without_a_reason(self.client) == set(), "a key was left behind"
        self._runs_agree(held)
        self._query_runs_agree(held)
        self._flows_agree(held)
        self._places_agree(held)
        self._gates_and_stats_agree(held)

    @invariant()
    def pumps_come_in_time(self) -> None:
        """Whatever becomes due, a pump comes by then: by what its last claim told, or a bell since."""
        self.pumps.listen(self.model.now_ms)
        config = self.client.hgetall(self.lane.keys.config)
        for step in set(Step) - self.pumps.held_back:
            due_ms = self.model.first_due_ms(step)
            late_ms = self.pumps.come_ms[step] - max(due_ms, self.model.now_ms)
            assert due_ms == math.inf or late_ms < TICK_MS / 2, f"no pump comes for a {step} that is due"
        due_ms = self.model.sweep_due_ms
        late_ms = self.pumps.come_ms[Step.POLL] - max(due_ms, self.model.now_ms)
        # A pump that comes for a look once there is a request for it finds the sweep then.
        waits = Step.POLL in self.pumps.held_back and self.model.has_no_retrieve
        assert due_ms == math.inf or late_ms < TICK_MS / 2 or waits, "no pump comes for a sweep that is due"
        for step in Step:
            first = self.client.zrange(self.lane.keys.due(step), 0, 0, withscores=True)
            told = config.get(f"{step}_quiet_until")
            due_ms = max(first[0][1], self.redis_ms()) if first else math.inf
            # Looks that were planned may wait for each other, and such as ends were told of wait for none.
            waits = step is Step.POLL and first and first[0][1] > self.redis_ms() - HEAD_START_MS
            due_ms += TOGETHER_MS if waits else 0
            assert float(told or 0) <= due_ms, f"pumps believe that no {step} is due yet"

    def _query_runs_agree(self, held: dict[str, Any]) -> None:
        alive = {(run.query_run, name) for name, run in self.model.runs.items() if run.state is RunState.RUNNING}
        known = {tuple(member.split("|")) for member in held.get(self.lane.keys.query_runs, {})}
        assert known == (alive if self.model.has_feed else set()), (
            "an event would find no run, or one that does not run"
        )
        assert set(held.get(self.lane.keys.early, {})) == set(self.model.early), (
            "an early end was lost, or kept too long"
        )

    def _adopt_fences(self, held: dict[str, Any]) -> None:
        """Redis chooses fences; each must be greater than all that its run had before, also as another attempt."""
        for name, run in self.model.runs.items():
            if not run.fence:
                run.fence = int(held[self.lane.keys.run(name)]["fence"])
                assert run.fence > self.model.newest_fences.get(name, 0)
                self.model.newest_fences[name] = run.fence

    def _slots_are_counted_and_filled(self, held: dict[str, Any]) -> None:
        slots, config = set(held.get(self.lane.keys.slots, {})), held[self.lane.keys.config]
        cap, taken = int(config["cap"]), int(config["margin"]) + self.model.slots_aside
        room = max(min(cap - taken, 1), min(cap, int(config.get("limit", cap))) - taken)
        assert len(slots) <= max(room, len(self.slots_before)), "a grant went over the cap or the limit"
        if self.model.paused or not self.model.reconciled:
            assert slots <= self.slots_before, "a paused or unreconciled lane granted"
        else:
            assert self.model.next_flow(room - len(slots)) is None, "a slot stands free beside a waiting run"
        by_flow = sum(int(held[self.lane.keys.flow(name)]["held"]) for name in self.model.flows)
        by_class = sum(int(config.get(f"held_{flow_class}", 0)) for flow_class in FlowClass)
        assert by_flow == by_class == len(slots) == self.model.slots, "the account of slots is wrong"
        self.slots_before = slots

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

    def _runs_agree(self, held: dict[str, Any]) -> None:
        for name, run in self.model.runs.items():
            record = held[self.lane.keys.run(name)]
            record |= {instant: "1" for instant in ("sent", "unanswered") if instant in record}
            due_ms = self.model_ms(held[self.lane.keys.due(STEP_OF[run.state])][name])
            assert 0 <= due_ms - run.due_ms < TICK_MS, "a run is due at another time"
            if run.holds_slot:
                assert 0 <= self.model_ms(held[self.lane.keys.slots][name]) - run.granted_ms < TICK_MS
            expected = {
                "flow": run.flow,
                "index": str(run.index),
                "attempt": str(run.attempt),
                "state": run.state,
                "fence": str(run.fence),
                "query_run": run.query_run,
                "key": run.key,
                "sent": None if run.sent_ms is None else "1",
                "answered": "1" if run.answered else None,
                "unanswered": "1" if run.unanswered else None,
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
            assert view.standing == Standing(flow_class=flow.flow_class, weight=flow.weight, ceiling=flow.ceiling)
            assert (view.paused is not None, view.hold_after) == (flow.paused, flow.hold_after)
            assert (int(record["tag"]), int(record["promoted"])) == (flow.tag, flow.promoted), "charged wrongly"
            requeued = [f"{index}|{attempt}|{query_run}" for index, attempt, query_run in flow.requeued]
            assert held.get(self.lane.keys.requeued(name), []) == requeued, (
                "the wrong runs were requeued, or to the wrong place"
            )
            states = unpack(held.get(self.lane.keys.states(name), b""))
            states += [RunState.WAITING] * (flow.size - len(states))
            assert states[: flow.size] == flow.states, "a state is not written down"

    def _places_agree(self, held: dict[str, Any]) -> None:
        config = held[self.lane.keys.config]
        for flow_class in FlowClass:
            places = {
                f"{flow.place.tag:016d}|{name}": flow.place.share
                for name, flow in self.model.flows.items()
                if flow.place and flow.place.counted_in is flow_class
            }
            assert held.get(self.lane.keys.waiting(flow_class), {}) == places, "the wrong flows may be served next"
            assert int(config.get(f"time_{flow_class}", 0)) == self.model.times[flow_class], "a class's time is wrong"
            in_class = self.model.held_by_class(flow_class)
            assert int(config.get(f"held_{flow_class}", 0)) == in_class, "a class's slots are counted wrongly"
        for name, flow in self.model.flows.items():
            assert (flow.place is not None) == self.model.may_be_served(name), "a flow has no place, or one too many"
            place = f"{flow.place.counted_in}|{flow.place.tag:016d}|{name}" if flow.place else None
            assert held[self.lane.keys.flow(name)].get("place") == place
        ageing = {name: self.model_ms(at) if at > 0 else 0 for name, at in held.get(self.lane.keys.ageing, {}).items()}
        assert set(ageing) == set(self.model.ageing), "the wrong flows are ageing"
        for name, aged_ms in self.model.ageing.items():
            assert aged_ms <= 0 or 0 <= ageing[name] - aged_ms < TICK_MS, "a flow ages at another time"

    def _gates_and_stats_agree(self, held: dict[str, Any]) -> None:
        config = held[self.lane.keys.config]
        for gate in Gate:
            closed = self.model.gates.get(gate)
            fields = (config.get(f"{gate}_wait"), config.get(f"{gate}_probing"))
            assert fields == ((str(closed.wait_ms), "1" if closed.probing else None) if closed else (None, None))
            if closed:
                assert 0 <= self.model_ms(config[f"{gate}_until"]) - closed.until_ms < TICK_MS
        limit = config.get("limit")
        assert (limit if limit is None else int(limit)) == self.model.limit, "the limit moved wrongly"
        assert ("paused" in config) == self.model.paused
        aside = self.model.aside
        fields = (config.get("aside_holder"), config.get("aside"))
        assert fields == ((aside.holder, str(aside.slots)) if aside else (None, None)), "set aside for somebody else"
        counted = {name: int(number) for name, number in held.get(self.lane.keys.stats, {}).items() if int(number)}
        assert counted == {str(name): number for name, number in self.model.stats.items() if number}
        for operation, arrival_ms in held.get(self.lane.keys.budgets, {}).items():
            late_ms = self.model_ms(arrival_ms) - self.model.arrivals_ms[operation]
            assert -TICK_MS < late_ms < TICK_MS
        for query, ends in self.model.ends.items():
            assert float(held[self.lane.keys.durations(query)]["ends"]) == ends, "an end was not noted"

    def redis_ms(self) -> int:
        seconds, micros = self.client.time()
        return int(seconds) * 1000 + math.floor(int(micros) / 1000)

    def model_ms(self, instant: str | float) -> float:
        """An instant of Redis on the model's clock; what really passed meanwhile is added."""
        return float(instant) - self.started_ms + self.model.now_ms
