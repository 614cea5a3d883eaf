"""What a lane notes of the feed of events as ends come: told, missed, late. The plan of looks is made from it."""

import pytest

from forebay.governor.contract import EndPath, Retry
from forebay.governor.states import RunState, Step
from tests.governor.driver import Lane


def end(lane: Lane) -> None:
    assert lane.governor.ready(lane.hold(Step.POLL))


def noted(lane: Lane) -> dict[str, float]:
    return {field: float(value) for field, value in lane.client.hgetall(lane.keys.feed).items()}


def start(lane: Lane) -> None:
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.mark_sent(custody, "key")
    assert lane.governor.bind(custody, "qr_1", 0)


def redis_ms(lane: Lane) -> int:
    seconds, micros = lane.client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def test_a_lane_of_which_nothing_is_ever_told_notes_nothing(lane: Lane) -> None:
    lane.open(cap=1)
    start(lane)
    end(lane)

    assert not lane.client.exists(lane.keys.feed, lane.keys.unheard)


def test_an_end_that_was_told_counts_as_told_with_how_late_that_was(lane: Lane) -> None:
    lane.open(cap=1)
    start(lane)
    lane.events.wake(EndPath.WEBHOOKS, [("qr_1", redis_ms(lane) - 1_500)])
    lane.pass_time(500)
    end(lane)

    feed = noted(lane)
    assert (feed["told"], feed["told_webhooks"], feed["delays"], feed["lags_webhooks"]) == (1, 1, 1, 1)
    assert feed["delay_ms"] == pytest.approx(1_500, abs=400)
    assert feed["lag_webhooks_ms"] == pytest.approx(2_000, abs=800)
    assert "missed" not in feed


def test_of_an_end_that_is_told_twice_the_first_word_counts(lane: Lane) -> None:
    lane.open(cap=1)
    start(lane)
    ended_ms = redis_ms(lane)
    lane.events.wake(EndPath.WEBHOOKS, [("qr_1", ended_ms)])
    lane.pass_time(3_000)
    lane.events.wake(EndPath.EVENTS, [("qr_1", ended_ms)])
    lane.pass_time(1_000)
    end(lane)

    feed = noted(lane)
    assert (feed["told"], feed["lags_webhooks"], feed.get("lags_events")) == (1, 1, None)
    assert feed["lag_webhooks_ms"] == pytest.approx(4_000, abs=900)


def test_an_end_that_a_look_saw_first_was_late(lane: Lane) -> None:
    lane.open(cap=1)
    lane.events.wake(EndPath.EVENTS, [])
    start(lane)
    end(lane)
    lane.pass_time(15_000)

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", redis_ms(lane) - 17_000)]) == (0, 0, 1)

    feed = noted(lane)
    assert (feed["told"], feed["lags_looks"]) == (1, 1)
    assert feed["lag_looks_ms"] == pytest.approx(2_000, abs=800)
    assert feed["delay_ms"] == pytest.approx(17_000, abs=800)
    assert feed["told_events"] == 1
    assert "lags_events" not in feed, "the event freed no slot"

    lane.pass_time(60_000)
    lane.events.wake(EndPath.EVENTS, [])
    assert "missed" not in noted(lane), "it was told, if late"


def test_an_end_of_which_nobody_tells_was_missed(lane: Lane) -> None:
    lane.open(size=2, cap=1)
    lane.events.wake(EndPath.EVENTS, [])
    start(lane)
    end(lane)
    lane.pass_time(60_000)

    lane.events.wake(EndPath.EVENTS, [])

    assert noted(lane)["missed"] == 1
    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)])[2] == 0


@pytest.mark.parametrize("off_ms", [-600_000, 600_000])
def test_a_clock_that_is_minutes_off_tells_no_delay(lane: Lane, off_ms: int) -> None:
    lane.open(cap=1)
    start(lane)
    lane.events.wake(EndPath.EVENTS, [("qr_1", redis_ms(lane) + off_ms)])
    end(lane)

    feed = noted(lane)
    assert (feed["told"], feed.get("delays"), feed.get("lags_events")) == (1, None, None)


def test_the_event_of_a_landing_that_is_tried_again_came_long_ago(lane: Lane) -> None:
    lane.open(cap=1)
    lane.events.wake(EndPath.EVENTS, [])
    lane.governor.finish(lane.hold_running(), RunState.FAILED)
    assert lane.governor.retry("f", [Retry(0, 1, "qr_1")]) == 1
    end(lane)

    assert not lane.client.zscore(lane.keys.unheard, "qr_1")


def test_the_end_of_a_query_run_that_was_there_before_says_nothing_of_the_feed(lane: Lane) -> None:
    lane.open(cap=1)
    lane.events.wake(EndPath.EVENTS, [])
    lane.bind_one()
    lane.events.wake(EndPath.EVENTS, [("qr_1", redis_ms(lane) - 240_000)])
    end(lane)

    assert "told" not in noted(lane)
    assert not lane.client.zscore(lane.keys.unheard, "qr_1")


@pytest.mark.parametrize("is_told", [False, True])
def test_the_end_of_a_run_that_was_adopted_may_be_of_while_nobody_listened(lane: Lane, *, is_told: bool) -> None:
    lane.open(cap=1)
    lane.events.wake(EndPath.EVENTS, [])
    assert lane.reconciliation.adopt("f", [(0, 1)]) == 1
    start(lane)
    if is_told:
        lane.events.wake(EndPath.EVENTS, [("qr_1", redis_ms(lane) - 240_000)])
    end(lane)

    feed = noted(lane)
    assert feed.keys().isdisjoint({"told", "told_events", "delays", "lags_events"}), "it says nothing of the feed"
    assert not lane.client.zscore(lane.keys.unheard, "qr_1")


def test_what_was_long_ago_counts_half(lane: Lane) -> None:
    lane.open(cap=1)
    lane.client.hset(lane.keys.feed, mapping={"told": 90, "missed": 9, "delay_ms": 9_000})
    start(lane)
    lane.events.wake(EndPath.EVENTS, [("qr_1", None)])
    end(lane)

    feed = noted(lane)
    assert (feed["told"], feed["missed"], feed["delay_ms"]) == (45.5, 4.5, 4_500)
