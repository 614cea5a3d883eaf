"""running → ready or settled, and what each answer of Stripe to a retrieve does."""

import math

import httpx
import pytest

from forebay.config.stripe import Api
from forebay.governor.contract import Retry
from forebay.governor.lane_events import LaneEvents
from forebay.governor.states import Gate, RunState, Step
from forebay.worker.steps.carry_out import carry_out
from forebay.worker.steps.turn import MOST_REMEMBERED
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal


def failed(code: str | None, words: str = "It broke.") -> httpx.Response:
    return query_run("failed", status_details={"failed": {"error_code": code, "error_message": words}})


def age(world: World, minutes: float) -> None:
    """Makes the run's create lie so long back."""
    key = world.governor.keys.run(f"{BATCH}/0")
    world.rt.redis.hset(key, "submitted", int(world.view.now_ms() - minutes * 60_000))


def test_a_step_is_under_way_until_its_answer_came(running: World) -> None:
    seen: list[str] = []

    def stripe(_: httpx.Request) -> httpx.Response:
        seen.extend(running.rt.under_way.silent(-1))
        return query_run()

    running.step(Step.POLL, stripe)

    assert seen == [f"poll of {BATCH}/0 (0 s)"]
    assert running.rt.under_way.silent(-1) == []


def test_an_id_of_a_form_that_nobody_knows_is_asked_for_where_its_batch_asked(world: World) -> None:
    world.open(api=Api.DATA)
    world.step(Step.SUBMIT, query_run(id="q_1"))
    world.step(Step.POLL, query_run(id="q_1"))

    assert world.requests[-1].url.path == "/v2/data/query_runs/q_1"
    assert world.rt.config.connection().api is Api.REPORTING


def test_a_run_that_goes_on_is_looked_at_again_after_a_tenth_of_its_age(running: World) -> None:
    age(running, 5)

    running.step(Step.POLL, query_run())

    due_in_ms = running.due_in_ms(Step.POLL)
    assert due_in_ms is not None
    assert 29_000 < due_in_ms <= 31_000


def learn(world: World, *, told: int) -> None:
    """Lets the lane know meanwhile that such queries take 20 s, and that webhooks tell of so many ends."""
    feed = {"told": told, "told_webhooks": told, "delays": told, "delay_ms": 300 * told, "delay_squares": 0.09 * told}
    world.rt.redis.hset(world.governor.keys.feed, mapping={**feed, "observed": "webhooks"})
    ln_s, spread = math.log(20), 0.3
    sums = {"ends": 50, "sum": 50 * ln_s, "squares": 50 * (ln_s**2 + spread**2)}
    world.rt.redis.hset(world.governor.keys.durations(""), mapping=sums)


def test_a_first_look_that_was_planned_when_nothing_was_known_asks_nobody_where_it_pays_later(running: World) -> None:
    learn(running, told=50)
    asked = len(running.requests)

    running.step(Step.POLL)

    due_in_ms = running.due_in_ms(Step.POLL)
    assert due_in_ms and due_in_ms > 15_000
    assert len(running.requests) == asked
    assert not running.rt.redis.hexists(running.governor.keys.run(f"{BATCH}/0"), "polled"), "nobody has seen it alive"

    learn(running, told=0)
    running.step(Step.POLL, query_run())


def test_a_look_that_something_asks_for_is_made(running: World) -> None:
    learn(running, told=50)
    assert LaneEvents(running.rt.redis, LANE).wake_all() == 1

    running.step(Step.POLL, query_run())


def test_a_look_at_a_canceled_run_is_made(running: World) -> None:
    learn(running, told=50)
    running.steering.cancel(BATCH)

    running.step(Step.POLL, query_run())


def test_a_look_that_tries_a_gate_is_made(running: World) -> None:
    learn(running, told=50)
    running.governor.close_gate(Gate.RETRIEVE, first_ms=0, longest_ms=1, reason="too many")

    running.step(Step.POLL, query_run())

    assert not running.view.lane(LANE).gates


@pytest.mark.parametrize("left", ["an end", "a look"])
def test_a_plan_that_another_release_has_left_behind_puts_nothing_off(running: World, left: str) -> None:
    learn(running, told=50)
    field = {"an end": "told", "a look": "polled"}[left]
    running.rt.redis.hset(running.governor.keys.run(f"{BATCH}/0"), field, running.view.now_ms() - 1)

    running.step(Step.POLL, query_run())


def test_a_plan_whose_time_has_not_come_puts_nothing_off(running: World) -> None:
    """Something that knows of no plan has made the look due."""
    learn(running, told=50)
    running.rt.redis.hset(running.governor.keys.run(f"{BATCH}/0"), "planned", running.view.now_ms() + 60_000)
    running.rt.redis.zadd(running.governor.keys.due(Step.POLL), {f"{BATCH}/0": 0})
    running.answers.append(query_run())

    carry_out(running.rt, Step.POLL, LANE, running.governor.claim(submits=0, downloads=0, polls=9).due[Step.POLL])

    assert not running.answers, "it was looked at"


def test_where_events_miss_most_ends_looks_are_made_as_they_were_planned(running: World) -> None:
    learn(running, told=50)
    running.rt.redis.hset(running.governor.keys.feed, "missed", 80)

    running.step(Step.POLL, query_run())


def test_a_look_after_another_one_is_made_when_it_was_planned(running: World) -> None:
    running.step(Step.POLL, query_run())
    learn(running, told=50)

    running.step(Step.POLL, query_run())


def test_the_end_frees_the_slot_before_anything_is_landed(running: World) -> None:
    running.step(Step.POLL, query_run("succeeded"))

    assert running.state() is RunState.READY
    assert running.view.lane(LANE).held == 0
    assert running.due_in_ms(Step.POLL) is None


def test_a_fault_that_comes_back_in_the_same_words_is_not_run_a_third_time(running: World) -> None:
    running.step(Step.POLL, failed("internal_error", "Division by zero"))
    assert running.failure() and running.failure().retried, "it is history, and the run goes on"  # type: ignore[union-attr]
    running.step(Step.SUBMIT, query_run())
    running.step(Step.POLL, failed("internal_error", "Division by zero"))

    failure = running.failure()
    assert failure and (failure.error_class, failure.attempt, failure.retried) == ("sql", 1, False)
    assert running.state() is RunState.FAILED
    assert [request.method for request in running.requests].count("POST") == 2


@pytest.mark.parametrize("trouble", [refusal(500), httpx.ReadTimeout("late"), refusal(429)])
def test_a_run_that_stripe_never_answers_for_gives_up_its_slot_when_its_ninety_minutes_are_over(
    running: World, trouble: httpx.Response | Exception
) -> None:
    age(running, 94)
    running.step(Step.POLL, trouble)
    assert running.view.lane(LANE).held == 1

    age(running, 96)
    running.step(Step.POLL, trouble)
    assert running.view.lane(LANE).held == 0
    assert running.state() is RunState.READY, "what it came to is asked on, without a slot"

    running.step(Step.DOWNLOAD, failed("query_run_invalid_sql"))
    assert running.state() is RunState.FAILED


def test_a_canceled_run_that_stripe_never_answers_for_is_over_when_its_ninety_minutes_are(running: World) -> None:
    running.steering.cancel(BATCH)
    age(running, 96)

    running.step(Step.POLL, refusal(500))

    assert running.state() is RunState.CANCELED
    assert running.view.lane(LANE).held == 0


def test_a_status_that_nobody_knows_holds_its_slot(running: World) -> None:
    running.step(Step.POLL, query_run("pondering"))

    assert running.state() is RunState.RUNNING


def test_a_status_that_nobody_knows_fails_its_run_once_stripes_own_limit_is_surely_over(running: World) -> None:
    """It may be a new word for an end: looked at for ever, it would keep its slot, and its batch would never close."""
    age(running, 94)
    running.step(Step.POLL, query_run("pondering"))
    assert running.state() is RunState.RUNNING

    age(running, 96)
    running.step(Step.POLL, query_run("pondering"))

    failure = running.failure()
    assert failure and failure.error_class == "provider" and "'pondering'" in failure.message
    assert running.state() is RunState.FAILED


def test_what_stripe_says_is_running_is_believed_however_long_it_takes(running: World) -> None:
    age(running, 200)
    running.step(Step.POLL, query_run())

    assert running.state() is RunState.RUNNING


def test_a_fault_of_stripe_gets_a_new_attempt_three_in_all(running: World) -> None:
    for attempt in (1, 2):
        running.step(Step.POLL, failed("internal_error", f"Worker {attempt} was lost."))
        run = running.view.run(LANE, BATCH, 0)
        assert run and (run.state, run.attempt) == (RunState.GRANTED, attempt)
        running.step(Step.SUBMIT, query_run())
    running.step(Step.POLL, failed("internal_error"))

    failure = running.failure()
    assert failure and (failure.error_class, failure.attempt) == ("provider", 2)
    assert running.state() is RunState.FAILED


@pytest.mark.parametrize(
    ("code", "minutes", "error_class"),
    [("file_size_above_limit", 1, "too_big"), (None, 90, "too_long"), ("query_run_invalid_sql", 1, "sql")],
)
def test_a_failed_query_fails_its_run_with_the_class_that_a_user_can_act_on(
    running: World, code: str | None, minutes: float, error_class: str
) -> None:
    age(running, minutes)

    running.step(Step.POLL, failed(code))

    failure = running.failure()
    assert failure and failure.error_class == error_class
    assert "It broke." in failure.message


@pytest.mark.parametrize("answer", [refusal(500), httpx.ConnectError("refused"), refusal(404, "not_found")])
def test_a_failed_look_never_runs_the_query_again(running: World, answer: httpx.Response | Exception) -> None:
    running.step(Step.POLL, answer)

    run = running.view.run(LANE, BATCH, 0)
    assert run and (run.state, run.query_run, run.tries) == (RunState.RUNNING, "qryrun_1", 1)
    assert running.view.lane(LANE).held == 1


def test_a_run_that_stripe_does_not_know_is_given_up_only_when_its_ninety_minutes_are_over(running: World) -> None:
    age(running, 94)
    running.step(Step.POLL, refusal(404, "not_found"))
    assert running.state() is RunState.RUNNING

    age(running, 96)
    running.step(Step.POLL, refusal(404, "not_found"))
    assert running.state() is RunState.FAILED


def test_too_many_looks_close_the_gate_of_retrieves_alone(running: World) -> None:
    running.step(Step.POLL, refusal(429, None, "endpoint-rate"))

    assert [closed.gate for closed in running.view.lane(LANE).gates] == [Gate.RETRIEVE]


def test_a_canceled_run_holds_its_slot_until_stripe_says_that_it_ended(running: World) -> None:
    running.steering.cancel(BATCH)

    running.step(Step.POLL, query_run())
    assert running.view.lane(LANE).held == 1

    running.step(Step.POLL, query_run("succeeded"))
    assert running.state() is RunState.CANCELED
    assert running.view.lane(LANE).held == 0


def remember(world: World, key: str, *, median_s: float, ends: int = 50) -> None:
    """So many queries took about this long."""
    ln = math.log(median_s)
    world.rt.redis.hset(key, mapping={"ends": ends, "sum": ends * ln, "squares": ends * (ln * ln + 0.01)})


def test_the_first_look_waits_until_an_end_is_likely(world: World) -> None:
    remember(world, world.governor.keys.durations(), median_s=60)
    world.open()

    world.step(Step.SUBMIT, query_run())

    due_in_ms = world.due_in_ms(Step.POLL)
    assert due_in_ms is not None
    assert 30_000 < due_in_ms <= 60_000


def test_what_the_query_itself_has_shown_counts_more_than_its_lane(world: World) -> None:
    world.open(batch="earlier")
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, query_run("succeeded"))
    lane = world.governor.keys.durations()
    (query,) = set(world.rt.redis.keys("*durations*")) - {lane}
    remember(world, lane, median_s=60)
    remember(world, query, median_s=4)
    world.open()

    world.step(Step.SUBMIT, query_run())

    due_in_ms = world.due_in_ms(Step.POLL)
    assert due_in_ms is not None
    assert due_in_ms < 5_000


def ends(world: World) -> dict[str, tuple[float, float]]:
    """What is known: how many ends, and seconds on average, by key."""
    known = {}
    for key in world.rt.redis.keys("*durations*"):
        many, total = map(float, world.rt.redis.hmget(key, "ends", "sum"))  # type: ignore[arg-type]
        known[key] = (many, math.exp(total / many))
    return known


def test_an_end_teaches_lane_and_query_how_long_it_took(running: World) -> None:
    age(running, 1)

    running.step(Step.POLL, query_run("succeeded"))

    lane, query = ends(running).values()
    assert lane == query
    many, seconds = lane
    assert many == 1
    assert 25 < seconds < 35, "half-way between the create and the look, which is all that is known"


def test_an_end_that_its_first_look_found_is_taken_for_one_like_those_before(running: World) -> None:
    remember(running, running.governor.keys.durations(), median_s=55)
    age(running, 1)

    running.step(Step.POLL, query_run("succeeded"))

    (many, seconds) = ends(running)[running.governor.keys.durations()]
    assert many == 51
    assert 54 < seconds < 55.1, "half of its 60 seconds would say something else"


def test_a_landing_that_is_retried_says_nothing_of_how_long_queries_take(running: World) -> None:
    running.step(Step.POLL, query_run("succeeded", result={"type": "file", "file": {"size": str(10**9)}}))
    known = ends(running)
    custody = running.governor.begin(
        running.governor.claim(submits=0, downloads=1, polls=0).due[Step.DOWNLOAD][0], RunState.READY, 1000
    )
    assert custody
    running.governor.finish(custody, RunState.FAILED)
    running.governor.retry(BATCH, [Retry(0, 0, "qryrun_1")])

    running.step(Step.POLL, query_run("succeeded", result={"type": "file", "file": {"size": str(10**9)}}))

    assert running.state() is RunState.READY
    assert ends(running) == known


def test_a_batch_of_many_one_off_queries_leaves_no_durations_of_each(world: World) -> None:
    world.open(MOST_REMEMBERED + 1)
    world.step(Step.SUBMIT, query_run(), query_run())
    world.step(Step.POLL, query_run("succeeded"), query_run("succeeded"))

    assert world.rt.redis.keys("*durations*") == [world.governor.keys.durations()]


@pytest.mark.parametrize("answer", [refusal(400), refusal(400, "invalid_fields"), refusal(422), refusal(403)])
def test_a_refused_look_frees_no_slot_since_the_query_may_run(running: World, answer: httpx.Response) -> None:
    running.step(Step.POLL, answer)

    assert running.state() is RunState.RUNNING
    assert running.view.lane(LANE).held == 1


def test_a_run_that_was_given_up_unseen_is_retried_by_looking_not_by_running_it_again(running: World) -> None:
    age(running, 96)
    running.step(Step.POLL, refusal(400))
    assert running.state() is RunState.FAILED

    running.retrier.retry(BATCH)

    run = running.view.run(LANE, BATCH, 0)
    assert run
    assert (run.state, run.query_run) == (RunState.RUNNING, "qryrun_1")
