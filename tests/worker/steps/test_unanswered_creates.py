"""What becomes of a create that Stripe does not answer, or that never reached it."""

import httpx
import pytest

from forebay.governor.states import Gate, RunState, Step
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal

UNANSWERED = [refusal(500), httpx.ReadTimeout("lost"), httpx.Response(200, text="<html>"), refusal(409)]


def sent_ago(world: World, minutes: float, *, unanswered: float | None = None) -> None:
    """Makes the last sending of the run's create lie so long back, and its first one without an answer."""
    key, now_ms = world.governor.keys.run(f"{BATCH}/0"), world.view.now_ms()
    world.rt.redis.hset(key, "sent", int(now_ms - minutes * 60_000))
    if unanswered is not None:
        world.rt.redis.hset(key, "unanswered", int(now_ms - unanswered * 60_000))


def posts(world: World) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in world.requests if request.method == "POST"]


@pytest.mark.parametrize("answer", UNANSWERED)
def test_a_create_that_is_never_answered_fails_when_nothing_of_it_can_be_alive_and_a_retry_sends_the_same_key(
    world: World, answer: httpx.Response | Exception
) -> None:
    world.open()
    world.step(Step.SUBMIT, answer)
    sent_ago(world, 1, unanswered=59)
    world.step(Step.SUBMIT, answer)
    assert world.state() is RunState.GRANTED

    sent_ago(world, 3, unanswered=61)
    world.step(Step.SUBMIT)
    assert len(posts(world)) == 2, "another sending would only put off its end"
    assert world.due_in_ms(Step.SUBMIT) == pytest.approx(92 * 60_000, abs=5_000)
    run = world.view.run(LANE, BATCH, 0)
    assert run and run.trouble == "Stripe never answered its create; in 92 min nothing of it can be running"
    assert world.view.lane(LANE).held == 1

    sent_ago(world, 96)
    world.step(Step.SUBMIT)
    failure = world.failure()
    assert failure and (failure.error_class, failure.attempt, failure.query_run) == ("provider", 0, None)
    assert (world.state(), world.view.lane(LANE).held) == (RunState.FAILED, 0)

    world.retrier.retry(BATCH)
    world.step(Step.SUBMIT, query_run("succeeded"))
    assert len(set(posts(world))) == 1, "so that what ran after all is found, and not run again"


@pytest.mark.parametrize("answer", UNANSWERED)
def test_a_cancel_ends_a_create_that_is_never_answered_by_the_same_bound(
    world: World, answer: httpx.Response | Exception
) -> None:
    world.open()
    world.step(Step.SUBMIT, answer)
    world.steering.cancel(BATCH)
    sent_ago(world, 1, unanswered=6)
    world.step(Step.SUBMIT)
    assert len(posts(world)) == 1, "the next sending may be the one that starts what nobody wants"
    assert world.view.lane(LANE).held == 1

    sent_ago(world, 96)
    world.step(Step.SUBMIT)

    assert len(posts(world)) == 1
    assert (world.state(), world.view.lane(LANE).held) == (RunState.CANCELED, 0)


def test_an_answer_of_any_kind_begins_the_bound_anew(world: World) -> None:
    """A full cap for hours is no fault of the run, and costs it nothing."""
    world.open()
    world.step(Step.SUBMIT, refusal(500))
    sent_ago(world, 1, unanswered=59)
    world.step(Step.SUBMIT, refusal(429, "account_rate_limit_exceeded", "endpoint-rate"))
    world.rt.redis.hdel(world.governor.keys.config, "create_until", "create_wait")
    sent_ago(world, 1)

    world.step(Step.SUBMIT, query_run())

    assert world.state() is RunState.RUNNING


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("")])
def test_a_create_of_which_no_byte_left_says_so_and_a_cancel_ends_it_at_once(world: World, answer: Exception) -> None:
    world.open()
    world.step(Step.SUBMIT, answer)
    run = world.view.run(LANE, BATCH, 0)
    assert run and run.trouble and run.trouble.endswith("; nothing was sent)")

    world.steering.cancel(BATCH)
    world.step(Step.SUBMIT)

    assert (world.state(), world.view.lane(LANE).held) == (RunState.CANCELED, 0)


def test_a_create_of_which_no_byte_left_leaves_what_an_earlier_one_may_have_started(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, httpx.ReadTimeout("lost"))
    world.step(Step.SUBMIT, httpx.ConnectError("refused"))
    world.steering.cancel(BATCH)

    world.step(Step.SUBMIT, query_run())

    assert world.state() is RunState.RUNNING


@pytest.mark.parametrize("answer", [refusal(401), refusal(429), refusal(429, "account_rate_limit_exceeded")])
def test_a_create_that_was_refused_outright_started_nothing_so_a_cancel_ends_it_at_once(
    world: World, answer: httpx.Response
) -> None:
    world.open()
    world.step(Step.SUBMIT, answer)
    world.rt.redis.hdel(world.governor.keys.config, *[f"{gate}_{what}" for gate in Gate for what in ("until", "wait")])
    world.steering.cancel(BATCH)

    world.step(Step.SUBMIT)

    assert len(world.requests) == 1
    assert world.state() is RunState.CANCELED
