"""Who gets a slot and when: the cap, the order, and a slot never idle beside a waiting run."""

import pytest

from forebay.governor.contract import Retry
from forebay.governor.governor import Governor
from forebay.governor.states import RunState, Step
from tests.governor.driver import CUSTODY_MS, Lane
from tests.governor.keyspace import everything

DAY_MS = 24 * 3600 * 1000


class TestTheCap:
    def test_no_more_runs_hold_a_slot_than_the_cap_allows(self, lane: Lane) -> None:
        lane.open(size=10, cap=3)
        assert lane.slots() == {"f/0", "f/1", "f/2"}

    def test_the_margin_is_left_to_others(self, lane: Lane) -> None:
        lane.configure(5, margin=2)
        lane.open(size=10)
        assert len(lane.slots()) == 3

    def test_a_margin_as_large_as_the_cap_leaves_nothing(self, lane: Lane) -> None:
        lane.configure(2, margin=3)
        lane.open(size=2)
        assert lane.slots() == set()

    def test_a_raised_cap_is_filled_at_once(self, lane: Lane) -> None:
        lane.open(size=10, cap=1)
        lane.configure(4)
        assert len(lane.slots()) == 4

    def test_a_lowered_cap_takes_no_slot_away_and_gives_none_until_it_is_reached(self, lane: Lane) -> None:
        lane.open(size=10, cap=4)
        custodies = lane.hold_all(Step.SUBMIT)
        lane.configure(2)
        held = []
        for custody in custodies:
            held.append(len(lane.slots()))
            assert lane.governor.finish(custody, RunState.LANDED)
        assert held == [4, 3, 2, 2]

    def test_a_run_counts_from_its_grant_on(self, lane: Lane) -> None:
        # GitLab's limiter counted jobs only once they had started, and overshot: gitlab-org/gitlab#579350.
        lane.open(size=5, cap=2)
        assert len(lane.slots()) == 2
        assert lane.claim(Step.POLL) == []

    @pytest.mark.parametrize("state", [RunState.GRANTED, RunState.RUNNING])
    def test_no_clock_frees_a_slot(self, lane: Lane, state: RunState) -> None:
        lane.open(size=5, cap=1)
        lane.hold_in(state)
        for _ in range(5):
            lane.pass_time(100 * DAY_MS)
            lane.governor.claim(submits=5, downloads=5, polls=5)
            assert lane.slots() == {"f/0"}

    def test_lanes_do_not_share_slots(self, lane: Lane) -> None:
        other = Lane(lane.client, "acme:test")
        lane.open(size=3, cap=2)
        other.open(size=3, cap=1)
        assert (len(lane.slots()), len(other.slots())) == (2, 1)


class TestAFreedSlot:
    def test_is_taken_in_the_same_call_when_a_run_ends_well(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        assert lane.governor.ready(lane.hold_running())
        assert lane.slots() == {"f/1"}

    @pytest.mark.parametrize("outcome", [RunState.LANDED, RunState.FAILED, RunState.CANCELED])
    def test_is_taken_in_the_same_call_when_a_run_settles(self, lane: Lane, outcome: RunState) -> None:
        lane.open(size=3, cap=1)
        assert lane.governor.finish(lane.hold(Step.SUBMIT), outcome)
        assert lane.slots() == {"f/1"}

    def test_goes_to_another_flow_when_its_own_has_nothing_left(self, lane: Lane) -> None:
        lane.open("a", 1, cap=1)
        lane.open("b", 1)
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
        assert lane.slots() == {"b/0"}

    def test_is_freed_once_although_the_run_lands_later(self, lane: Lane) -> None:
        lane.open(size=5, cap=2)
        lane.hold_ready()
        lane.pass_time(CUSTODY_MS)
        assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)
        assert lane.slots() == {"f/1", "f/2"}
        assert lane.flow().held == 2


class TestARaisedLimit:
    def test_is_filled_by_the_create_that_raised_it(self, lane: Lane) -> None:
        lane.open(size=9, cap=3)
        first, second, refused = lane.hold_all(Step.SUBMIT)
        assert lane.governor.requeue(refused, attempt=0, refused=True)
        for number, custody in enumerate((first, second)):
            assert len(lane.slots()) == 2, "others fill the cap"
            assert lane.governor.mark_sent(custody, f"key_{number}")
            assert lane.governor.bind(custody, f"qr_{number}", 10_000)
        assert len(lane.slots()) == 3


class TestTheOrder:
    def test_runs_of_a_flow_are_granted_as_they_stand_in_their_file(self, lane: Lane) -> None:
        lane.open(size=4, cap=1)
        seen = []
        for _ in range(4):
            custody = lane.hold(Step.SUBMIT)
            seen.append(custody.index)
            assert lane.governor.finish(custody, RunState.LANDED)
        assert seen == [0, 1, 2, 3]

    def test_each_flow_has_a_slot_before_one_has_two(self, lane: Lane) -> None:
        lane.configure(0)
        for flow in ("zebra", "ant"):
            lane.open(flow, 2)
        lane.configure(3)
        assert lane.slots() == {"zebra/0", "ant/0", "ant/1"}

    def test_of_flows_that_hold_alike_the_least_served_goes_first(self, lane: Lane) -> None:
        # As text, a start tag of 10 runs would stand before one of 9.
        lane.open("often", 20, cap=1)
        for _ in range(9):
            assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
        tenth = lane.hold(Step.SUBMIT)
        lane.configure(0)
        lane.open("young", 20)
        assert lane.governor.finish(tenth, RunState.LANDED)
        lane.configure(1)
        assert lane.slots() == {"young/0"}


class TestPutBack:
    def test_the_run_stands_at_the_front_of_its_flow(self, lane: Lane) -> None:
        lane.open(size=5, cap=2)
        _, second = lane.hold_all(Step.SUBMIT)
        lane.configure(1)
        assert lane.governor.requeue(second, attempt=0)
        lane.configure(2)
        assert lane.slots() == {"f/0", "f/1"}

    def test_of_two_the_last_requeued_goes_first(self, lane: Lane) -> None:
        lane.open(size=5, cap=2)
        custodies = lane.hold_all(Step.SUBMIT)
        lane.configure(0)
        for custody in custodies:
            assert lane.governor.requeue(custody, attempt=0)
        lane.configure(1)
        assert lane.slots() == {"f/1"}

    def test_costs_no_attempt_and_no_try(self, lane: Lane) -> None:
        lane.open(cap=1)
        for _ in range(3):
            custody = lane.hold(Step.SUBMIT)
            assert (custody.attempt, custody.tries) == (0, 1)
            assert lane.governor.requeue(custody, attempt=custody.attempt)

    def test_a_new_attempt_goes_on_with_its_number_and_without_the_old_query_run(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.requeue(lane.hold_running(), attempt=1)
        custody = lane.hold(Step.SUBMIT)
        assert (custody.attempt, custody.query_run, custody.state) == (1, None, RunState.GRANTED)

    def test_the_flow_of_a_run_that_was_its_last_is_eligible_again(self, lane: Lane) -> None:
        lane.open(cap=1)
        custody = lane.hold(Step.SUBMIT)
        lane.configure(0)
        assert lane.governor.requeue(custody, attempt=0)
        assert lane.flow().waiting == 1
        assert lane.states() == [RunState.WAITING]
        lane.configure(1)
        assert lane.slots() == {"f/0"}

    def test_an_older_flow_still_goes_first(self, lane: Lane) -> None:
        lane.open("a", 1, cap=2)
        lane.open("b", 2)
        _, b = lane.hold_all(Step.SUBMIT)
        lane.configure(1)
        assert lane.governor.requeue(b, attempt=0)
        assert lane.slots() == {"a/0"}


class TestOpenFlow:
    def test_opening_it_again_changes_nothing(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        before = everything(lane.client)
        assert not lane.governor.open_flow("f", 3)
        assert not lane.governor.open_flow("f", 99)
        assert everything(lane.client) == before

    def test_opening_a_done_flow_again_runs_nothing_again(self, lane: Lane) -> None:
        lane.open(size=1, cap=1)
        lane.finish_all(RunState.LANDED)
        assert not lane.governor.open_flow("f", 1)
        assert lane.slots() == set()

    def test_before_the_lane_has_limits_it_only_waits(self, lane: Lane) -> None:
        assert lane.governor.open_flow("f", 2)
        assert lane.flow().waiting == 2
        lane.configure(1)
        assert lane.slots() == {"f/0"}

    def test_an_empty_flow_is_done_at_once_and_grants_nothing(self, lane: Lane) -> None:
        lane.configure(2)
        assert lane.governor.open_flow("empty", 0)
        assert lane.slots() == set()
        assert lane.flow("empty").done
        lane.open("f", 1)
        assert lane.slots() == {"f/0"}


class TestConfigure:
    def test_twice_changes_nothing(self, lane: Lane) -> None:
        lane.open(size=3, cap=2)
        before = everything(lane.client)
        lane.configure(2)
        assert everything(lane.client) == before

    def test_makes_the_lane_known(self, lane: Lane) -> None:
        assert lane.client.smembers("fb:lanes") == set()
        lane.configure(1)
        assert lane.client.smembers("fb:lanes") == {lane.name}

    def test_fences_do_not_start_anew(self, lane: Lane) -> None:
        lane.open(size=2, cap=1)
        (first,) = lane.claim(Step.SUBMIT)
        lane.configure(2)
        (second,) = lane.claim(Step.SUBMIT)
        assert second.fence > first.fence


class TestALostReply:
    """The client sends a call again when the connection broke: then it may run twice."""

    def test_a_second_call_changes_nothing(self, lane: Lane) -> None:
        lane.open(size=6, cap=3)
        governor = lane.governor

        def twice(call) -> None:
            call()
            before = everything(lane.client)
            call()
            assert everything(lane.client) == before

        (claimed, *_) = lane.claim(Step.SUBMIT)
        twice(lambda: governor.begin(claimed, RunState.GRANTED, CUSTODY_MS))
        first, second, third = self.fresh(lane, governor, 3)
        sent = [governor.mark_sent(first, key) for key in ("key", "another")]
        assert sent == ["key", "key"], "all else that a second call changes is when it was last sent"
        twice(lambda: governor.bind(first, "qr_1", 0))
        twice(lambda: governor.ready(first))
        twice(lambda: governor.finish(first, RunState.LANDED))
        twice(lambda: governor.finish(second, RunState.FAILED))
        twice(lambda: governor.requeue(third, attempt=1))
        twice(lambda: governor.retry("f", [Retry(second.index, 1)]))
        twice(lambda: governor.cancel("f"))

    def fresh(self, lane: Lane, governor: Governor, wanted: int):
        lane.pass_time(CUSTODY_MS)
        custodies = lane.hold_all(Step.SUBMIT)
        assert len(custodies) == wanted
        return custodies
