"""wake: an event makes a run due for a look, and never more than that."""

import pytest

from forebay.governor.states import RunState, Step
from tests.governor.driver import Lane
from tests.governor.keyspace import everything

HOUR_MS = 3_600_000


def due_in_an_hour(lane: Lane, query_run: str = "qr_1") -> str:
    """Brings one run to `running`, with its next look in an hour."""
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.bind(custody, query_run, HOUR_MS)
    return custody.run


def test_an_event_makes_its_run_due_at_once(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    run, other = due_in_an_hour(lane, "qr_1"), due_in_an_hour(lane, "qr_10")

    assert lane.governor.wake(["qr_1"]) == (1, 0)

    assert lane.due_in_ms(Step.POLL, run) <= 0
    assert lane.due_in_ms(Step.POLL, other) > HOUR_MS / 2, "its name begins the same"
    assert [claimed.run for claimed in lane.claim(Step.POLL)] == [run]


def test_a_run_that_is_due_already_keeps_its_place(lane: Lane) -> None:
    lane.open(cap=1)
    run = lane.bind_one().run
    lane.pass_time(5_000)

    lane.governor.wake(["qr_1"])

    assert lane.due_in_ms(Step.POLL, run) <= -5_000


def test_an_end_that_is_told_during_a_look_is_looked_at_after_it(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold_running()

    assert lane.governor.wake(["qr_1"]) == (1, 0)
    assert not lane.claim(Step.POLL), "nobody takes it out of the hands of who looks"
    assert lane.governor.defer(custody, HOUR_MS)

    again = lane.hold(Step.POLL)
    assert lane.governor.defer(again, HOUR_MS)
    assert lane.due_in_ms(Step.POLL, again.run) > HOUR_MS / 2, "one look more, not one after the other"


def test_an_end_that_is_told_during_a_look_without_an_answer_waits_with_it(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold_running()
    lane.governor.wake(["qr_1"])

    assert lane.governor.defer(custody, HOUR_MS, "no answer")

    assert lane.due_in_ms(Step.POLL, custody.run) > HOUR_MS / 2


def test_a_look_that_is_on_its_way_is_not_sent_twice(lane: Lane) -> None:
    lane.open(cap=1)
    lane.bind_one()
    (claimed,) = lane.claim(Step.POLL)

    assert lane.governor.wake(["qr_1"]) == (1, 0)

    assert not lane.claim(Step.POLL)
    assert lane.begin(Step.POLL, claimed)


def test_an_end_that_is_told_before_the_creates_answer_is_kept_for_it(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold(Step.SUBMIT)

    assert lane.governor.wake(["qr_1", "qr_of_others"]) == (0, 2)
    assert lane.governor.bind(custody, "qr_1", HOUR_MS)

    assert lane.due_in_ms(Step.POLL, custody.run) <= 0
    lane.governor.finish(lane.hold(Step.POLL), RunState.FAILED)
    assert set(lane.client.zrange(lane.keys.early, 0, -1)) == {"qr_of_others"}


def test_what_is_kept_goes_by_itself(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold(Step.SUBMIT)
    lane.governor.wake(["qr_1"])

    lane.pass_time(120_000)

    assert not lane.client.exists(lane.keys.early)
    assert lane.governor.bind(custody, "qr_1", HOUR_MS)
    assert lane.due_in_ms(Step.POLL, custody.run) > HOUR_MS / 2


def test_only_so_much_is_kept_and_the_oldest_goes(lane: Lane) -> None:
    lane.open(cap=1)
    lane.hold(Step.SUBMIT)
    lane.governor.wake(["qr_old"])
    lane.pass_time(1_000)

    lane.governor.wake([f"qr_{each}" for each in range(10_000)])

    assert lane.client.zcard(lane.keys.early) == 10_000
    assert lane.client.zscore(lane.keys.early, "qr_old") is None


def test_where_no_create_is_under_way_nothing_is_kept(lane: Lane) -> None:
    lane.open(cap=1)
    lane.bind_one()

    assert lane.governor.wake(["qr_of_others"]) == (0, 0)

    assert not lane.client.exists(lane.keys.early)


@pytest.mark.parametrize("outcome", [RunState.LANDED, RunState.FAILED, RunState.CANCELED])
def test_a_run_that_settled_is_not_concerned(lane: Lane, outcome: RunState) -> None:
    lane.open(cap=1)
    assert lane.governor.finish(lane.hold_running(), outcome)
    before = everything(lane.client)

    assert lane.governor.wake(["qr_1"]) == (0, 0)

    assert everything(lane.client) == before


def test_a_run_that_ended_and_has_still_to_land_is_not_concerned(lane: Lane) -> None:
    lane.open(cap=1)
    run = lane.hold_ready().run

    assert lane.governor.wake(["qr_1"]) == (0, 0)

    assert lane.where_due(run) == [Step.DOWNLOAD]


def test_two_runs_that_share_a_query_run_both_wake(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    runs = {due_in_an_hour(lane), due_in_an_hour(lane)}

    assert lane.governor.wake(["qr_1"]) == (1, 0)

    assert {claimed.run for claimed in lane.claim(Step.POLL)} == runs


def test_a_run_of_a_new_attempt_is_known_by_its_new_query_run_alone(lane: Lane) -> None:
    lane.open(cap=1)
    assert lane.governor.requeue(lane.hold_running(), attempt=1)
    run = due_in_an_hour(lane, "qr_2")

    assert lane.governor.wake(["qr_1"]) == (0, 0)
    assert lane.governor.wake(["qr_2"]) == (1, 0)

    assert lane.due_in_ms(Step.POLL, run) <= 0
