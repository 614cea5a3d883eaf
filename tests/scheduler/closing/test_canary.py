"""The first run goes alone, and decides about the others."""

import pytest

from forebay.governor.states import RunState
from forebay.governor.view import View
from tests.scheduler.closing.conftest import NO_ACCESS, SQL_ERROR, TOLD, TOO_BIG, House, item, policy

CANARY = policy(canary=True, notify=TOLD)
ACCOUNTS = [f"acct_{index}" for index in range(5)]


def open_batch(house: House) -> None:
    house.open([item("fees", account) for account in ACCOUNTS], CANARY)


@pytest.fixture(params=["one lane", "a lane for each account"])
def opened(request: pytest.FixtureRequest, house: House) -> House:
    if request.param != "one lane":
        house.lanes_by_account()
    open_batch(house)
    return house


def test_only_the_first_run_goes_until_it_has_ended(opened: House) -> None:
    assert opened.work() == 1
    assert opened.work() == 0
    assert opened.states().count(RunState.WAITING) == 4


def test_the_others_follow_once_it_landed(opened: House) -> None:
    opened.work()
    opened.round()
    assert opened.work() == 4
    assert opened.finish().outcome == "landed"


@pytest.mark.parametrize("failure", [NO_ACCESS, TOO_BIG], ids=["no access", "too big"])
def test_the_others_follow_if_its_failure_says_nothing_about_them(house: House, failure: object) -> None:
    house.results[f"{ACCOUNTS[0]}/fees"] = failure
    open_batch(house)
    house.work()
    house.round()
    assert house.work() == 4
    assert house.finish().outcome == "partial"


def test_wrong_sql_stops_them_with_a_reason_that_names_it(opened: House) -> None:
    opened.results["fees"] = SQL_ERROR
    opened.work()
    opened.round()

    assert opened.work() == 0
    assert opened.created == ["fees"], "the others would have failed of the same"
    paused = opened.progress().paused
    assert paused
    assert paused.reason == "its canary 'fees' failed (sql), so the other 4 would too"
    for flow in opened.ledger.batch("b1").flows:
        view = View(opened.rt.redis).flow(flow.lane, "b1")
        assert view and view.paused


def test_people_are_told_once_that_it_stands(opened: House) -> None:
    opened.results["fees"] = SQL_ERROR
    opened.work()
    for _ in range(3):
        opened.round()
    (message,) = opened.told
    assert message.subject == "month_end (b1): stopped"
    assert "forebay resume b1" in message.text


def test_a_person_may_let_the_others_go_all_the_same(opened: House) -> None:
    opened.results[f"{ACCOUNTS[0]}/fees"] = SQL_ERROR
    opened.work()
    opened.round()
    assert opened.steering.resume("b1")
    assert opened.work() == 4
    opened.round()
    closing = opened.ledger.closing("b1")
    assert closing and closing.outcome == "partial"


def test_a_retried_canary_goes_alone_again(opened: House) -> None:
    opened.results["fees"] = SQL_ERROR
    opened.work()
    opened.round()
    del opened.results["fees"]

    assert opened.retrier.retry("b1").retried == 1

    assert opened.work() == 1
    opened.round()
    assert opened.work() == 4
    assert opened.finish().outcome == "landed"


def test_a_retried_canary_that_fails_again_stops_them_again(opened: House) -> None:
    opened.results["fees"] = SQL_ERROR
    opened.work()
    opened.round()
    opened.retrier.retry("b1")
    opened.work()
    opened.round()
    assert opened.progress().paused
    assert opened.states().count(RunState.WAITING) == 4


def test_a_stopped_batch_that_is_canceled_closes_as_stopped(opened: House) -> None:
    opened.results["fees"] = SQL_ERROR
    opened.work()
    opened.round()
    opened.steering.cancel("b1")
    closing = opened.finish()
    assert (closing.outcome, closing.failed, closing.canceled) == ("stopped", 1, 4)


def test_a_batch_whose_canary_has_not_landed_comes_back_held_after_a_loss(opened: House) -> None:
    opened.rt.redis.flushall()
    rebuild(opened)
    assert opened.work() == 1
    opened.round()
    assert opened.work() == 4


def test_a_batch_that_its_canary_stopped_comes_back_stopped(opened: House) -> None:
    opened.results["fees"] = SQL_ERROR
    opened.work()
    opened.round()
    opened.rt.redis.flushall()
    rebuild(opened)
    assert opened.work() == 0
    paused = opened.progress().paused
    assert paused and "canary" in paused.reason
    opened.results.clear()
    assert opened.steering.resume("b1")
    assert opened.work() == 4


def test_a_batch_that_was_released_comes_back_free(opened: House) -> None:
    opened.work()
    opened.round()
    opened.rt.redis.flushall()
    rebuild(opened)
    assert opened.work() == 4


def test_without_a_policy_nobody_looks(house: House) -> None:
    house.open([item("fees"), item("refunds")], None)
    assert house.closing_queue.all() == []
    assert house.work() == 2


def rebuild(house: House) -> None:
    house.world.reconciler.all()
