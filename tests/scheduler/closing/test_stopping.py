"""A batch of which too many runs fail is paused, once."""

import pytest

from tests.scheduler.closing.conftest import SQL_ERROR, TOLD, House, item, policy


def open_batch(house: House, *, share: float, failing: int) -> None:
    """Ten runs, of which the first ones fail; two are alive at a time."""
    for index in range(failing):
        house.results[f"q{index}"] = SQL_ERROR
    house.open([item(f"q{index}") for index in range(10)], policy(stop_after=share, notify=TOLD))


@pytest.mark.parametrize(
    ("share", "failing", "stops"), [(0.2, 2, True), (0.2, 1, False), (0.1, 1, True), (1, 2, False)]
)
def test_it_is_paused_when_the_share_is_reached(house: House, share: float, failing: int, stops: bool) -> None:
    open_batch(house, share=share, failing=failing)
    house.work_once(4)
    house.round()
    assert bool(house.progress().paused) == stops


def test_nothing_that_waits_is_granted_then(house: House) -> None:
    open_batch(house, share=0.2, failing=2)
    house.work_once(2)
    house.round()
    house.work()
    assert house.progress().waiting == 6, "the two that held a slot already end"


def test_the_reason_says_how_many(house: House) -> None:
    open_batch(house, share=0.2, failing=2)
    house.work_once(2)
    house.round()
    paused = house.progress().paused
    assert paused
    assert paused.reason == "2 of 10 runs failed, and stop_after is 0.2 of them"
    (message,) = house.told
    assert paused.reason in message.text


def test_who_resumes_it_takes_it_over(house: House) -> None:
    open_batch(house, share=0.2, failing=4)
    house.work_once(2)
    house.round()
    assert house.steering.resume("b1")
    house.round()
    assert house.progress().paused is None
    closing = house.finish()
    assert (closing.outcome, closing.failed) == ("partial", 4)


def test_where_nothing_waits_any_more_there_is_nothing_to_spare(house: House) -> None:
    open_batch(house, share=0.1, failing=3)
    closing = house.finish()
    assert (closing.outcome, closing.failed, closing.landed) == ("partial", 3, 7)
    assert house.ledger.stop("b1") is None


def test_a_stop_that_was_recorded_and_not_carried_out_is_completed(house: House) -> None:
    open_batch(house, share=0.2, failing=2)
    house.work_once(2)
    house.round()
    house.world.governor.resume("b1")  # as if the process had died before it paused
    house.round()
    assert house.progress().paused
