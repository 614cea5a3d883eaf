"""What people and tools are shown."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.contract import Remembered
from forebay.governor.errors import LayoutMismatch
from forebay.governor.keys import LAYOUT
from forebay.governor.seen import BudgetView, LaneView, UnreadableLane, UnreconciledView
from forebay.governor.states import Gate, RunState, Step
from forebay.governor.view import View
from tests.governor.driver import CUSTODY_MS, LANE, Lane, reconcile
from tests.governor.keyspace import everything


@pytest.fixture
def view(lane: Lane) -> View:
    return View(lane.client)


class TestLanes:
    def test_are_listed_by_name(self, lane: Lane, view: View) -> None:
        assert view.lanes() == []
        for name in ("b:test", "a:live", "b:test"):
            Lane(lane.client, name).configure(1)
        assert view.lanes() == ["a:live", "b:test"]

    def test_show_what_a_refusal_has_left_of_a_budget(self, lane: Lane, view: View) -> None:
        lane.configure(5, creates_per_s=20, retrieves_per_s=10, requests_per_s=25)
        lane.governor.close_gate(Gate.CREATE, first_ms=1, longest_ms=1, reason="too many")

        def create() -> float:
            budget = view.lane(LANE).budgets["create"]
            assert budget.per_s == 20
            return budget.now_per_s

        assert 10 <= create() < 11
        lane.pass_time(15_000)
        assert 15 <= create() < 16
        lane.pass_time(60_000)
        assert create() == 20
        assert view.lane(LANE).budgets["all"] == BudgetView(per_s=25, now_per_s=25)

    def test_show_their_limits_and_what_is_alive(self, lane: Lane, view: View) -> None:
        lane.configure(5, margin=1)
        lane.open(size=3)
        seen = view.lane(LANE)
        assert (seen.lane, seen.cap, seen.margin, seen.held, seen.gates) == (LANE, 5, 1, 3, ())

    def test_that_nobody_knows_are_empty(self, view: View) -> None:
        seen = view.lane("never:live")
        assert (seen.cap, seen.margin, seen.held, seen.gates, seen.stats) == (0, 0, 0, (), {})

    def test_say_why_they_wait_and_since_when(self, lane: Lane, view: View) -> None:
        lane.configure(1)
        lane.governor.close_gate(Gate.AUTH, first_ms=5_000, longest_ms=60_000, reason="no permission")
        (closed,) = view.lane(LANE).gates
        assert (closed.gate, closed.reason) == (Gate.AUTH, "no permission")
        assert closed.until_ms - closed.since_ms == 5_000
        assert closed.since_ms == pytest.approx(view.now_ms(), abs=2_000)

    def test_say_that_they_wait_for_the_ledger_and_since_when(self, lane: Lane, view: View) -> None:
        lane.configure(1)
        assert view.lane(LANE).unreconciled is None
        lane.client.hset(lane.keys.config, "server", "one that is gone")
        assert view.lane(LANE).unreconciled == UnreconciledView(since_ms=None)
        lane.governor.open_flow("f", 1)
        seen = view.lane(LANE).unreconciled
        assert seen is not None
        assert seen.since_ms == pytest.approx(view.now_ms(), abs=2_000)
        reconcile(lane.governor)
        assert view.lane(LANE).unreconciled is None

    def test_count_what_happened(self, lane: Lane, view: View) -> None:
        lane.open(size=3, cap=1)
        first = lane.hold(Step.SUBMIT)
        assert lane.governor.requeue(first, attempt=0)
        assert not lane.governor.ready(first)
        lane.finish_all(RunState.FAILED)
        assert view.lane(LANE).stats == {"requeue": 1, "stale": 1}


class TestFlows:
    def test_an_unknown_one_is_none(self, view: View) -> None:
        assert view.flow(LANE, "never") is None

    def test_each_run_is_counted_once(self, lane: Lane, view: View) -> None:
        lane.open(size=10, cap=5)
        custodies = lane.hold_all(Step.SUBMIT)
        assert lane.governor.finish(custodies[0], RunState.LANDED)
        assert lane.governor.finish(custodies[1], RunState.FAILED)
        assert lane.governor.finish(custodies[2], RunState.CANCELED)
        assert lane.governor.bind(custodies[3], "qr_1", 0)
        assert lane.governor.ready(custodies[3])
        seen = lane.flow()
        assert (seen.size, seen.held, seen.ready, seen.landed, seen.failed, seen.canceled) == (10, 5, 1, 1, 1, 1)
        assert (seen.waiting, seen.cursor) == (1, 9)
        assert seen.waiting + seen.held + seen.ready + seen.landed + seen.failed + seen.canceled == seen.size

    def test_what_was_requeued_waits(self, lane: Lane) -> None:
        lane.open(size=3, cap=2)
        custodies = lane.hold_all(Step.SUBMIT)
        lane.configure(0)
        for custody in custodies:
            assert lane.governor.requeue(custody, attempt=0)
        seen = lane.flow()
        assert (seen.waiting, seen.held, seen.cursor) == (3, 0, 2)


class TestStates:
    @pytest.mark.parametrize("start", range(8))
    @pytest.mark.parametrize("stop", range(8))
    def test_any_range_is_the_same_part_of_the_whole(self, lane: Lane, view: View, start: int, stop: int) -> None:
        states = [*list(RunState)[4:], RunState.WAITING, *list(RunState)[4:]]
        remembered = Remembered(size=7, states=states, attempts={}, stored_bytes=0, records=0, canceling=False)
        assert lane.reconciliation.restore_flow("f", remembered)
        assert view.states(LANE, "f", start, min(stop, 7)) == states[start:stop]

    def test_runs_that_were_never_granted_wait(self, lane: Lane, view: View) -> None:
        lane.open(size=1_000_000, cap=3)
        assert view.states(LANE, "f", 0, 5) == [RunState.GRANTED] * 3 + [RunState.WAITING] * 2
        assert view.states(LANE, "f", 999_995, 1_000_000) == [RunState.WAITING] * 5

    def test_of_an_unknown_flow_are_all_waiting(self, view: View) -> None:
        assert view.states(LANE, "never", 3, 6) == [RunState.WAITING] * 3

    def test_follow_a_run_through_its_life(self, lane: Lane) -> None:
        lane.open(size=2, cap=1)
        seen = [lane.states()]
        custody = lane.bind_one()
        seen.append(lane.states())
        assert lane.governor.ready(custody)
        seen.append(lane.states())
        assert lane.governor.finish(custody, RunState.LANDED)
        seen.append(lane.states())
        assert [pair[0] for pair in seen] == [RunState.GRANTED, RunState.RUNNING, RunState.READY, RunState.LANDED]
        assert [pair[1] for pair in seen] == [RunState.WAITING] * 2 + [RunState.GRANTED] * 2

    def test_the_last_run_of_a_million_has_its_own(self, lane: Lane, view: View) -> None:
        lane.open(size=1_000_000, cap=0)
        lane.client.hset(lane.keys.flow("f"), "next", 999_999)
        lane.configure(1)
        assert view.states(LANE, "f", 999_998, 1_000_000) == [RunState.WAITING, RunState.GRANTED]


class TestRuns:
    def test_a_waiting_or_settled_run_has_no_record(self, lane: Lane) -> None:
        lane.open(size=2, cap=1)
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
        lane.configure(0)
        assert lane.run(0) is None
        assert lane.run(7) is None

    def test_shows_what_is_known(self, lane: Lane) -> None:
        lane.open(cap=1)
        fresh = lane.run(0)
        assert (fresh.state, fresh.attempt, fresh.query_run, fresh.tries) == (RunState.GRANTED, 0, None, 0)
        custody = lane.hold_ready()
        assert lane.governor.renew(custody, CUSTODY_MS, 500)
        assert lane.governor.defer(custody, 0, "the store refused")
        seen = lane.run(0)
        assert (seen.state, seen.query_run, seen.tries) == (RunState.READY, "qr_1", 1)
        assert (seen.trouble, seen.received_bytes) == ("the store refused", 500)
        assert seen.granted_ms == fresh.granted_ms


class TestALaneOfAnotherLayout:
    @pytest.fixture
    def newer(self, lane: Lane) -> Lane:
        lane.open(cap=1)
        lane.client.hset(lane.keys.config, "layout", LAYOUT + 1)
        return lane

    @pytest.mark.parametrize(
        "look",
        [
            lambda view: view.lane(LANE),
            lambda view: view.flow(LANE, "f"),
            lambda view: view.states(LANE, "f", 0, 1),
            lambda view: view.run(LANE, "f", 0),
        ],
    )
    def test_is_not_read_as_if_it_were_of_ours(self, newer: Lane, view: View, look: Callable[[View], object]) -> None:
        with pytest.raises(LayoutMismatch, match="a newer layout needs a newer Forebay"):
            look(view)

    def test_keeps_nobody_from_seeing_the_others(self, newer: Lane, view: View) -> None:
        Lane(newer.client, "zeta:live").configure(3)
        broken, readable = view.each_lane()
        assert isinstance(broken, UnreadableLane)
        assert (broken.lane, type(broken.error)) == (LANE, LayoutMismatch)
        assert isinstance(readable, LaneView)
        assert (readable.lane, readable.cap) == ("zeta:live", 3)


class TestStirring:
    @pytest.fixture
    def lanes(self, lane: Lane) -> list[Lane]:
        made = [Lane(lane.client, f"{at:03}:test") for at in range(250)]
        for each in made:
            lane.client.sadd("fb:lanes", each.name)
        return made

    def stirring(self, lanes: list[Lane], *steps: Step) -> list[str]:
        return sorted(View(lanes[0].client).stirring([lane.name for lane in lanes], steps or tuple(Step)))

    def test_are_lanes_in_which_something_waits_runs_or_is_to_land(self, lanes: list[Lane]) -> None:
        assert self.stirring(lanes) == []
        lanes[3].open(size=2, cap=0)
        lanes[120].open(cap=1)
        lanes[249].open(cap=1)
        assert lanes[249].governor.ready(lanes[249].hold_running())
        assert self.stirring(lanes) == ["003:test", "120:test", "249:test"]
        assert self.stirring(lanes, Step.DOWNLOAD) == ["249:test"]
        assert self.stirring(lanes, Step.POLL) == []

    def test_are_none_of_those_that_were_only_set_up_or_have_ended(self, lanes: list[Lane]) -> None:
        lanes[0].configure(1)
        lanes[1].open(cap=1)
        lanes[1].finish_all()
        assert self.stirring(lanes) == []


def test_looking_changes_nothing(lane: Lane, view: View) -> None:
    lane.open(size=5, cap=2)
    lane.bind_one()
    before = everything(lane.client)
    view.lanes()
    view.now_ms()
    view.lane(LANE)
    view.flow(LANE, "f")
    view.states(LANE, "f", 0, 5)
    view.run(LANE, "f", 0)
    assert everything(lane.client) == before


@given(st.integers(0, 10**9), st.integers(-100, 0))
def test_an_empty_range_asks_nobody(start: int, length: int) -> None:
    assert View(None).states(LANE, "f", start, start + length) == []
