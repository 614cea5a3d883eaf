"""A sweep in a worker: whom it wakes, when the next one is due, and what a refusal comes to."""

import dataclasses
import math
from typing import Any

import httpx
import pytest

from forebay.governor.contract import EndPath
from forebay.governor.feed_view import ENOUGH_SILENCE, FeedView
from forebay.governor.lane_events import LaneEvents
from forebay.governor.states import RunState, Step
from forebay.worker.steps.sweep_step import (
    ALONE_S,
    LONGEST_S,
    PRICE_S,
    REFUSED_MS,
    SHORTEST_S,
    TROUBLE_MS,
    Sweeps,
    every_s,
)
from tests.worker.conftest import LANE, World, query_run, refusal

HOUR_MS = 3_600_000


def listed(*ends: str, next_page_url: str | None = None) -> httpx.Response:
    events = [
        {
            "id": f"evt_{end}",
            "object": "v2.core.event",
            "type": "v2.data.reporting.query_run.succeeded",
            "created": "2026-11-29T12:00:00Z",
            "related_object": {"id": end, "type": "v2.data.reporting.query_run"},
        }
        for end in ends
    ]
    return httpx.Response(200, json={"data": events, "next_page_url": next_page_url, "previous_page_url": None})


@pytest.fixture
def running(world: World) -> World:
    """One run that runs at Stripe, with its next look a while from now."""
    world.open()
    world.step(Step.SUBMIT, query_run())
    world.rt.redis.zadd(world.governor.keys.due(Step.POLL), {"b1/0": world.view.now_ms() + HOUR_MS})
    return world


def sweep(world: World, *answers: Any) -> None:
    world.answers.extend(answers)
    fence = world.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=60_000).sweep
    assert fence
    Sweeps(world.rt).sweep(LANE, fence)
    assert not world.answers


def sweep_again(world: World, *answers: Any) -> None:
    world.rt.redis.hset(world.governor.keys.feed, "sweep_at", 0)
    sweep(world, *answers)


def next_in_ms(world: World) -> float:
    return int(world.rt.redis.hget(world.governor.keys.feed, "sweep_at") or 0) - world.view.now_ms()


def test_an_end_that_is_listed_is_looked_at_at_once(running: World) -> None:
    sweep(running, listed("qryrun_of_others", "qryrun_1"))

    due = running.governor.claim(submits=0, downloads=0, polls=9).due[Step.POLL]
    assert [claimed.run for claimed in due] == ["b1/0"]
    assert running.requests[-1].url.path == "/v2/core/events"
    assert 0 < next_in_ms(running) <= SHORTEST_S * 1000


def test_the_next_page_is_due_at_once_and_each_is_one_request(running: World) -> None:
    running.rt.redis.hset(running.governor.keys.feed, "since", '{"newest": "2026-11-29T11:00:00Z"}')
    sweep(running, listed(next_page_url="/v2/core/events?page=2"))
    assert next_in_ms(running) <= 0

    sweep(running, listed("qryrun_1"))

    assert running.requests[-1].url.query == b"page=2"
    assert next_in_ms(running) > 0


@pytest.mark.parametrize(
    ("answer", "wait_ms"),
    [
        (refusal(403, "permission_denied"), REFUSED_MS),
        (refusal(404, "not_found"), REFUSED_MS),
        (refusal(400, "invalid_parameter"), REFUSED_MS),
        (refusal(429), TROUBLE_MS),
        (refusal(500), TROUBLE_MS),
        (httpx.ConnectError("refused"), TROUBLE_MS),
        (httpx.Response(200, text="<html>"), TROUBLE_MS),
        (listed(next_page_url="https://elsewhere.example/"), TROUBLE_MS),
    ],
)
def test_a_list_that_is_refused_is_asked_again_later_and_looks_go_on(
    running: World, answer: Any, wait_ms: int, caplog: pytest.LogCaptureFixture
) -> None:
    sweep(running, answer)

    assert wait_ms - 2_000 < next_in_ms(running) <= wait_ms
    feed = running.view.feed(LANE)
    assert feed.trouble
    assert feed.path is EndPath.LOOKS
    assert "events not listed" in caplog.text
    assert not running.view.lane(LANE).gates, "the lane goes on"
    running.step(Step.POLL, query_run(status="failed"))
    assert running.view.states(LANE, "b1", 0, 1) == [RunState.FAILED]


def test_a_trouble_that_lasts_is_logged_once_and_one_that_is_over_is_forgotten(
    running: World, caplog: pytest.LogCaptureFixture
) -> None:
    for number, answer in enumerate((refusal(500), refusal(500), listed())):
        answer.headers["Request-Id"] = f"req_{number}"
        sweep_again(running, answer)

    assert caplog.text.count("events not listed") == 1
    assert running.view.feed(LANE).trouble == ""


def test_a_sweep_that_this_process_cannot_make_is_put_off_and_no_bug(
    running: World, caplog: pytest.LogCaptureFixture
) -> None:
    running.rt.config = dataclasses.replace(running.rt.config, connections={})

    sweep(running)

    assert "put off" in caplog.text
    assert next_in_ms(running) > TROUBLE_MS


def test_of_a_message_that_comes_late_or_twice_nothing_is_asked(running: World) -> None:
    late = running.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=0).sweep
    assert late
    sweep(running, listed())
    before, asked = running.rt.redis.hgetall(running.governor.keys.feed), len(running.requests)

    Sweeps(running.rt).sweep(LANE, late)

    assert running.rt.redis.hgetall(running.governor.keys.feed) == before
    assert len(running.requests) == asked


def test_after_a_passing_trouble_it_goes_on_where_it_was(running: World) -> None:
    noon = "2026-11-29T12:00:00Z"
    running.rt.redis.hset(
        running.governor.keys.feed, "since", f'{{"newest": "{noon}", "page": "/v2/core/events?page=2"}}'
    )
    sweep(running, refusal(500))
    assert '"newest":"2026-11-29T12:00:00Z"' in running.view.feed(LANE).sweep

    sweep_again(running, refusal(403, "permission_denied"))
    assert "2026" not in running.view.feed(LANE).sweep, "who knows what was refused"


def test_a_list_that_tells_of_nothing_is_asked_from_its_beginning(running: World) -> None:
    far = "2099-01-01T00:00:00Z"
    running.rt.redis.hset(
        running.governor.keys.feed, mapping={"since": f'{{"newest": "{far}"}}', "missed": ENOUGH_SILENCE}
    )

    sweep(running, listed("qryrun_1"))

    assert b"created" not in running.requests[-1].url.query
    assert '"newest":"2026-11-29T12:00:00Z"' in running.view.feed(LANE).sweep


def test_that_ends_come_to_be_known_in_another_way_is_logged_once_each(
    running: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    told: dict[str, str | float] = {"told": 40, "missed": 10, "lag_events_ms": 20_000, "lags_events": 40}
    running.rt.redis.hset(running.governor.keys.feed, mapping=told)
    for _ in range(2):
        sweep_again(running, listed())
    assert (
        caplog.text.count("ends are known by events now, not by looks; 80% told; slots freed after 0.5 s (events)") == 1
    )

    for _ in range(2):
        sweep_again(running, refusal(403))
    assert caplog.text.count("ends are known by looks now, not by events") == 1
    assert caplog.text.count("ends are known") == 2


def test_a_list_that_tells_of_what_nothing_else_told_is_asked_again_soon(running: World) -> None:
    lossy = {"told": 9, "told_webhooks": 9, "heard_webhooks": running.view.now_ms()}
    running.rt.redis.hset(running.governor.keys.feed, mapping=lossy)
    sweep(running, listed())
    assert next_in_ms(running) > SHORTEST_S * 1000
    LaneEvents(running.rt.redis, LANE).wake_all()
    running.step(Step.POLL, query_run(status="failed"))
    # Something has to run, or nothing is asked.
    running.open(batch="b2")
    running.step(Step.SUBMIT, query_run(id="qryrun_2"))

    sweep_again(running, listed("qryrun_1"))

    assert next_in_ms(running) <= SHORTEST_S * 1000


def test_for_a_run_that_is_alone_the_next_one_is_due_after_seconds(running: World) -> None:
    sweep(running, listed())

    assert running.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=60_000).sweep is None
    feed = running.rt.redis.hgetall(running.governor.keys.feed)
    assert int(feed["alone_ms"]) == int((ALONE_S - SHORTEST_S) * 1000)
    assert 0 < next_in_ms(running) <= SHORTEST_S * 1000


def test_for_who_is_left_of_many_the_next_one_is_due_as_soon_as_for_them(running: World) -> None:
    running.rt.redis.hset(running.governor.keys.feed, "several", 100)
    sweep(running, listed())

    assert running.rt.redis.hget(running.governor.keys.feed, "alone_ms") == "0"


class TestHowOften:
    def test_at_most_some_times_a_second(self) -> None:
        assert every_s(FeedView(alive=500, mean_s=10.0)) == SHORTEST_S
        assert every_s(FeedView(alive=1, mean_s=None)) == SHORTEST_S

    def test_where_few_are_alive_as_often_as_the_looks_that_it_saves(self) -> None:
        assert every_s(FeedView(alive=20, mean_s=20.0)) == 1.0
        assert every_s(FeedView(alive=1, mean_s=4.0)) == 1.0
        assert every_s(FeedView(alive=1, mean_s=20.0)) == 4.0
        assert every_s(FeedView(alive=1, mean_s=100.0)) == pytest.approx(math.sqrt(2 * PRICE_S * 100.0))
        assert every_s(FeedView(alive=1, mean_s=3_600.0)) == LONGEST_S

    def test_for_the_last_of_many_as_often_as_for_all_of_them(self) -> None:
        assert every_s(FeedView(alive=2, mean_s=20.0)) == 2.0
        assert every_s(FeedView(alive=2, mean_s=20.0, several=100)) == 1.0
        assert every_s(FeedView(alive=1, mean_s=20.0, several=100)) == 1.0

    @pytest.mark.parametrize(("quiet_s", "expected_s"), [(10.0, 1.0), (60.0, 3.0), (3_600.0, LONGEST_S)])
    def test_the_longer_nothing_was_told_the_more_seldom(self, quiet_s: float, expected_s: float) -> None:
        stragglers = FeedView(alive=2, mean_s=20.0, several=100, heard_s={EndPath.EVENTS: quiet_s}, oldest_s=4_000.0)
        assert every_s(stragglers) == pytest.approx(expected_s)

    def test_where_nothing_ran_for_a_night_the_morning_is_not_quiet(self) -> None:
        morning = FeedView(alive=100, mean_s=20.0, heard_s={EndPath.EVENTS: 12 * 3_600.0}, oldest_s=3.0)
        assert every_s(morning) == every_s(FeedView(alive=100, mean_s=20.0))

    def test_a_lane_is_quiet_no_longer_than_its_oldest_run_runs(self, running: World) -> None:
        keys, now_ms = running.governor.keys, running.view.now_ms()
        running.rt.redis.hset(keys.feed, "heard_events", now_ms - 12 * 3_600_000)
        (granted,) = running.rt.redis.zrange(keys.slots, 0, 0)
        running.rt.redis.zadd(keys.slots, {granted: now_ms - 7_000})

        oldest_s = running.view.feed(LANE).oldest_s
        took_s = (running.view.now_ms() - now_ms) / 1000
        assert oldest_s is not None
        assert 7.0 <= oldest_s <= 7.001 + took_s, "however slow the machine is"

    def test_seldom_where_webhooks_tell_of_ends(self) -> None:
        assert (
            every_s(
                FeedView(
                    alive=500, mean_s=10.0, told=50, told_by={EndPath.WEBHOOKS: 50.0}, heard_s={EndPath.WEBHOOKS: 3.0}
                )
            )
            == LONGEST_S
        )
        assert (
            every_s(
                FeedView(
                    alive=500, mean_s=10.0, told=50, told_by={EndPath.WEBHOOKS: 50.0}, heard_s={EndPath.WEBHOOKS: 900.0}
                )
            )
            == SHORTEST_S
        )

    def test_as_without_webhooks_where_they_lose_many(self) -> None:
        told_by = {EndPath.WEBHOOKS: 25.0, EndPath.EVENTS: 25.0}
        lossy = FeedView(alive=500, mean_s=10.0, told=50, told_by=told_by, heard_s={EndPath.WEBHOOKS: 3.0})
        assert every_s(lossy) == SHORTEST_S

    def test_seldom_where_it_tells_of_nothing(self) -> None:
        assert every_s(FeedView(alive=100, mean_s=10.0, overdue=ENOUGH_SILENCE)) == LONGEST_S
        assert every_s(FeedView(alive=100, mean_s=10.0, told=4, missed=20)) == LONGEST_S
