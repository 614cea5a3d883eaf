"""Flows that are held back: grants stop at an index until somebody releases them."""

from forebay.governor.contract import Remembered, Retry
from forebay.governor.states import RunState, Step
from tests.governor.driver import Lane

W, L, F = RunState.WAITING, RunState.LANDED, RunState.FAILED


def test_grants_stop_at_the_index_until_the_flow_is_released(lane: Lane) -> None:
    lane.configure(9)
    assert lane.governor.open_flow("f", 5, hold_after=2)
    assert lane.slots() == {"f/0", "f/1"}
    assert (lane.flow().hold_after, lane.flow().waiting) == (2, 3)

    assert lane.governor.release("f")

    assert lane.slots() == {f"f/{index}" for index in range(5)}
    assert lane.flow().hold_after is None


def test_the_slots_that_it_leaves_go_to_others(lane: Lane) -> None:
    lane.configure(3)
    assert lane.governor.open_flow("f", 5, hold_after=1)
    assert lane.governor.open_flow("g", 5)
    assert lane.slots() == {"f/0", "g/0", "g/1"}


def test_nothing_runs_of_a_flow_that_is_held_at_its_beginning(lane: Lane) -> None:
    lane.configure(9)
    assert lane.governor.open_flow("f", 5, hold_after=0)
    assert lane.slots() == set()
    assert not lane.flow().done


def test_what_was_requeued_is_granted_again(lane: Lane) -> None:
    lane.configure(9)
    assert lane.governor.open_flow("f", 5, hold_after=1)
    assert lane.governor.requeue(lane.hold(Step.SUBMIT), attempt=1)
    assert lane.slots() == {"f/0"}


def test_what_is_retried_is_granted_again(lane: Lane) -> None:
    lane.configure(9)
    assert lane.governor.open_flow("f", 5, hold_after=1)
    assert lane.governor.finish(lane.hold(Step.SUBMIT), F)
    assert lane.governor.retry("f", [Retry(0, 1)]) == 1
    assert lane.slots() == {"f/0"}


def test_a_release_says_whether_it_did_anything(lane: Lane) -> None:
    lane.configure(9)
    assert not lane.governor.release("unknown")
    assert lane.governor.open_flow("f", 5, hold_after=1)
    assert lane.governor.release("f")
    assert not lane.governor.release("f")


def test_a_paused_flow_stays_so_when_it_is_released(lane: Lane) -> None:
    lane.configure(9)
    assert lane.governor.open_flow("f", 5, hold_after=0)
    assert lane.governor.pause("a reason", "f")
    assert lane.governor.release("f")
    assert lane.slots() == set()
    assert lane.governor.resume("f")
    assert len(lane.slots()) == 5


def test_a_held_flow_can_be_canceled(lane: Lane) -> None:
    lane.configure(9)
    assert lane.governor.open_flow("f", 5, hold_after=0)
    assert lane.governor.cancel("f") == (5, 0, frozenset())
    assert lane.flow().done


def test_a_flow_that_redis_lost_comes_back_held_and_paused(lane: Lane) -> None:
    lane.configure(9)
    remembered = Remembered(
        size=4,
        states=[W] * 4,
        attempts={},
        stored_bytes=0,
        records=0,
        canceling=False,
        hold_after=1,
        paused="too many failed",
    )
    assert lane.reconciliation.restore_flow("f", remembered)
    assert lane.slots() == set()
    assert lane.flow().paused
    assert lane.governor.resume("f")
    assert lane.slots() == {"f/0"}
    assert lane.governor.release("f")
    assert len(lane.slots()) == 4


def test_where_nothing_is_said_nothing_is_held(lane: Lane) -> None:
    lane.configure(9)
    assert lane.reconciliation.restore_flow(
        "f", Remembered(size=3, states=[L, W, W], attempts={}, stored_bytes=0, records=0, canceling=False)
    )
    assert lane.flow().hold_after is None
    assert len(lane.slots()) == 2
