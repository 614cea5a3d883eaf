"""How runs and flows end, and what brings them back: finish, cancel, retry, expiry."""

import pytest

from forebay.governor.contract import Canceled, Retry
from forebay.governor.errors import FlowCanceled, FlowUnknown
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from tests.governor.driver import CUSTODY_MS, Lane
from tests.governor.keyspace import everything, expiring, snapshot
from tests.governor.model_records import KEEP_FLOW_MS

OUTCOMES = (RunState.LANDED, RunState.FAILED, RunState.CANCELED)
HELD = (RunState.GRANTED, RunState.RUNNING, RunState.READY)


class TestFinish:
    @pytest.mark.parametrize("outcome", OUTCOMES)
    @pytest.mark.parametrize("state", HELD)
    def test_settles_a_run_from_whatever_state_it_was_in(self, lane: Lane, state: RunState, outcome: RunState) -> None:
        lane.open(size=2, cap=1)
        custody = lane.hold_in(state)
        assert lane.governor.finish(custody, outcome)
        assert lane.states()[0] is outcome
        assert lane.run(0) is None
        assert lane.where_due("f/0") == []
        assert lane.slots() == {"f/1"}
        assert getattr(lane.flow(), outcome) == 1

    def test_adds_up_what_landed(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        for custody, stored in zip(lane.hold_all(Step.SUBMIT), (5_000_000_000, 7), strict=True):
            assert lane.governor.finish(custody, RunState.LANDED, stored_bytes=stored, records=2)
        assert (lane.flow().stored_bytes, lane.flow().records) == (5_000_000_007, 4)

    def test_the_last_run_makes_the_flow_done(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        first, second = lane.hold_all(Step.SUBMIT)
        assert lane.governor.finish(first, RunState.FAILED)
        assert not lane.flow().done
        assert lane.governor.finish(second, RunState.LANDED)
        assert lane.flow().done

    def test_a_run_that_still_has_to_land_keeps_its_flow_open(self, lane: Lane) -> None:
        lane.open(size=2, cap=1)
        landing = lane.hold_ready()
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
        assert not lane.flow().done
        assert lane.flow().ready == 1
        assert lane.governor.finish(landing, RunState.LANDED)
        assert lane.flow().done


class TestExpiry:
    def test_a_done_flow_leaves_nothing_but_the_lanes_own_keys(self, lane: Lane) -> None:
        lane.open(size=5, cap=2)
        lane.finish_all(RunState.LANDED)
        lane.pass_time(KEEP_FLOW_MS + 1000)
        own = {lane.keys.config, lane.keys.totals, lane.keys.budgets, "fb:lanes"}
        assert set(snapshot(lane.client)) == own

    def test_only_a_done_flow_expires(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        first, second = lane.hold_all(Step.SUBMIT)
        assert lane.governor.finish(first, RunState.FAILED)
        assert expiring(lane.client) == set()
        assert lane.governor.finish(second, RunState.FAILED)
        assert expiring(lane.client) == {lane.keys.flow("f"), lane.keys.states("f")}

    def test_a_retried_flow_does_not_expire_under_its_runs(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.finish_all(RunState.FAILED)
        lane.pass_time(KEEP_FLOW_MS - 60_000)
        assert lane.retry_all() == 1
        assert expiring(lane.client) == set()
        lane.pass_time(KEEP_FLOW_MS * 2)
        assert lane.slots() == {"f/0"}
        assert lane.flow().held == 1
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
        assert (lane.flow().done, lane.flow().failed, lane.flow().landed) == (True, 0, 1)

    def test_an_expired_flow_is_unknown_to_everyone(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.finish_all(RunState.FAILED)
        lane.pass_time(KEEP_FLOW_MS)
        assert View(lane.client).flow(lane.name, "f") is None
        assert lane.governor.cancel("f") is None
        with pytest.raises(FlowUnknown):
            lane.governor.retry("f", [Retry(0, 1)])


class TestCancel:
    def test_drops_what_waits_and_says_how_much_goes_on(self, lane: Lane) -> None:
        lane.open(size=10, cap=3)
        assert lane.governor.cancel("f") == Canceled(dropped=7, held=3, alive=frozenset({0, 1, 2}))
        view = lane.flow()
        assert (view.waiting, view.held, view.canceled, view.canceling) == (0, 3, 7, True)
        assert not view.done

    def test_grants_nothing_more_of_the_flow(self, lane: Lane) -> None:
        lane.open(size=10, cap=1)
        lane.governor.cancel("f")
        lane.configure(5)
        assert lane.slots() == {"f/0"}

    def test_the_freed_slots_go_to_other_flows(self, lane: Lane) -> None:
        lane.open("a", 5, cap=1)
        lane.open("b", 5)
        lane.governor.cancel("a")
        custody = lane.hold(Step.SUBMIT)
        assert custody.canceling
        assert lane.governor.finish(custody, RunState.CANCELED)
        assert lane.slots() == {"b/0"}
        assert lane.flow("a").done

    def test_a_flow_of_which_nothing_ran_is_done_at_once(self, lane: Lane) -> None:
        lane.open(size=10, cap=0)
        assert lane.governor.cancel("f") == Canceled(10, 0, frozenset())
        assert (lane.flow().done, lane.flow().canceled) == (True, 10)

    @pytest.mark.parametrize("state", HELD)
    def test_a_run_that_is_under_way_is_followed_to_its_end(self, lane: Lane, state: RunState) -> None:
        lane.open(size=5, cap=1)
        custody = lane.hold_in(state)
        lane.governor.cancel("f")
        lane.pass_time(CUSTODY_MS)
        (step,) = lane.where_due(custody.run)
        heir = lane.hold(step)
        assert heir.canceling
        assert lane.governor.finish(heir, RunState.CANCELED)

    def test_a_landing_is_not_forgotten(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        landing = lane.hold_ready()
        assert lane.governor.cancel("f") == Canceled(dropped=1, held=1, alive=frozenset({1}))
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.CANCELED)
        assert not lane.flow().done
        assert lane.governor.finish(landing, RunState.CANCELED)
        assert (lane.flow().done, lane.flow().canceled) == (True, 3)

    def test_a_run_requeued_into_a_canceled_flow_is_canceled(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        custody = lane.hold(Step.SUBMIT)
        lane.governor.cancel("f")
        assert lane.governor.requeue(custody, attempt=0)
        assert lane.slots() == set()
        assert (lane.flow().done, lane.flow().canceled, lane.flow().waiting) == (True, 3, 0)
        assert lane.states()[0] is RunState.CANCELED

    def test_a_run_that_was_requeued_before_is_dropped_with_the_others(self, lane: Lane) -> None:
        lane.open(size=3, cap=2)
        _, second = lane.hold_all(Step.SUBMIT)
        lane.configure(1)
        assert lane.governor.requeue(second, attempt=0)
        assert lane.governor.cancel("f") == Canceled(dropped=2, held=1, alive=frozenset({0}))

    def test_twice_is_once(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        assert lane.governor.cancel("f") is not None
        before = everything(lane.client)
        assert lane.governor.cancel("f") is None
        assert everything(lane.client) == before

    def test_a_done_flow_has_nothing_to_cancel(self, lane: Lane) -> None:
        lane.open(size=1, cap=1)
        lane.finish_all(RunState.LANDED)
        assert lane.governor.cancel("f") is None
        assert not lane.flow().canceling

    def test_an_unknown_flow_has_nothing_to_cancel(self, lane: Lane) -> None:
        lane.configure(1)
        assert lane.governor.cancel("never") is None


class TestRetry:
    def test_failed_runs_wait_again_as_the_attempt_that_was_asked_for(self, lane: Lane) -> None:
        lane.open(size=3, cap=3)
        lane.finish_all(RunState.FAILED)
        assert lane.governor.retry("f", [Retry(2, 1), Retry(0, 4)]) == 2
        custodies = lane.hold_all(Step.SUBMIT)
        assert {custody.index: custody.attempt for custody in custodies} == {2: 1, 0: 4}
        assert lane.flow().failed == 1

    def test_only_failed_runs_are_retried(self, lane: Lane) -> None:
        lane.open(size=5, cap=3)
        landed, failed, _ = lane.hold_all(Step.SUBMIT)
        assert lane.governor.finish(landed, RunState.LANDED)
        assert lane.governor.finish(failed, RunState.FAILED)
        assert lane.governor.retry("f", [Retry(index, 1) for index in range(5)]) == 1
        assert lane.flow().landed == 1

    def test_an_index_outside_the_flow_is_not_retried(self, lane: Lane) -> None:
        lane.open(size=3, cap=3)
        lane.finish_all(RunState.FAILED)
        assert lane.governor.retry("f", [Retry(0, 1), Retry(3, 1), Retry(-1, 1), Retry(10**12, 1)]) == 1
        assert (lane.flow().failed, lane.flow().held) == (2, 1)

    def test_twice_is_once(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        lane.finish_all(RunState.FAILED)
        lane.configure(0)
        runs = [Retry(0, 1), Retry(1, 1), Retry(0, 1)]
        assert lane.governor.retry("f", runs) == 2
        assert lane.governor.retry("f", runs) == 0
        assert (lane.flow().waiting, lane.flow().failed) == (2, 0)

    def test_others_of_the_flow_go_on_meanwhile(self, lane: Lane) -> None:
        lane.open(size=4, cap=2)
        failed, other = lane.hold_all(Step.SUBMIT)
        assert lane.governor.finish(failed, RunState.FAILED)
        assert lane.retry_all() == 1
        assert lane.governor.finish(other, RunState.LANDED)
        assert lane.slots() == {"f/0", "f/2"}, "before what never ran, and once"
        lane.finish_all(RunState.LANDED)
        assert (lane.flow().landed, lane.flow().failed, lane.flow().done) == (4, 0, True)

    def test_a_done_flow_opens_again_and_is_done_again(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        lane.finish_all(RunState.FAILED)
        assert lane.retry_all() == 2
        assert not lane.flow().done
        lane.finish_all(RunState.LANDED)
        assert (lane.flow().done, lane.flow().landed) == (True, 2)

    def test_a_run_may_fail_and_be_retried_any_number_of_times(self, lane: Lane) -> None:
        lane.open(cap=1)
        for _ in range(4):
            lane.finish_all(RunState.FAILED)
            assert (lane.flow().failed, lane.flow().done) == (1, True)
            assert lane.retry_all() == 1

    def test_a_landing_is_retried_by_looking_not_by_running_the_query(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.finish(lane.hold_ready(), RunState.FAILED)
        assert lane.governor.retry("f", [Retry(0, 0, "qr_1")]) == 1
        assert lane.claim(Step.SUBMIT) == []
        custody = lane.hold(Step.POLL)
        assert (custody.query_run, custody.attempt, custody.key) == ("qr_1", 0, None)
        assert custody.since_create_ms is not None
        assert lane.slots() == {"f/0"}
        assert lane.governor.ready(custody)
        assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)
        assert lane.flow().done

    def test_a_landing_that_is_retried_counts_against_the_cap(self, lane: Lane) -> None:
        lane.open("old", cap=1)
        assert lane.governor.finish(lane.hold_ready(), RunState.FAILED)
        lane.open("new", 2)
        assert lane.governor.retry("old", [Retry(0, 0, "qr_1")]) == 1
        assert lane.slots() == {"new/0"}

    def test_a_canceled_flow_refuses(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        failed, _ = lane.hold_all(Step.SUBMIT)
        assert lane.governor.finish(failed, RunState.FAILED)
        lane.governor.cancel("f")
        before = everything(lane.client)
        with pytest.raises(FlowCanceled):
            lane.governor.retry("f", [Retry(0, 1)])
        assert everything(lane.client) == before

    def test_an_unknown_flow_refuses(self, lane: Lane) -> None:
        lane.configure(1)
        with pytest.raises(FlowUnknown):
            lane.governor.retry("never", [Retry(0, 1)])

    def test_canceling_drops_a_retried_run_and_does_not_count_it_as_failed(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        lane.finish_all(RunState.FAILED)
        lane.configure(0)
        assert lane.retry_all() == 2
        assert lane.governor.cancel("f") == Canceled(2, 0, frozenset())
        assert (lane.flow().failed, lane.flow().canceled, lane.flow().done) == (0, 2, True)
