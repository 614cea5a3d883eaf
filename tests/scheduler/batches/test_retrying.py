"""What a retry does to each failed run, and when there is nothing to retry."""

from datetime import UTC, datetime

import pytest

from forebay.governor.errors import FlowUnknown
from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.retrying import RetryReport, retry_of
from forebay.scheduler.errors import BatchCanceled, BatchUnknown
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import FailureRecord
from forebay.worker.steps.retry_rules import Reason
from forebay.worker.steps.turn import Turn
from tests.worker.conftest import BATCH, World, query_run, refusal


def failed(error_class: FailureClass, query_run: str | None) -> FailureRecord:
    return FailureRecord(
        attempt=1,
        error_class=error_class,
        code=None,
        message="No.",
        query_run=query_run,
        request_id=None,
        at=datetime(2026, 3, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize("error_class", [one for one in FailureClass if one.ended_at_stripe])
def test_what_ended_at_stripe_without_a_result_is_a_new_attempt(error_class: FailureClass) -> None:
    retry = retry_of(3, failed(error_class, "qryrun_1"))

    assert (retry.index, retry.attempt, retry.query_run) == (3, 2, None)


@pytest.mark.parametrize("error_class", [one for one in FailureClass if not one.ended_at_stripe])
def test_what_may_still_have_a_result_is_the_same_attempt_of_the_same_query_run(error_class: FailureClass) -> None:
    retry = retry_of(3, failed(error_class, "qryrun_1"))

    assert (retry.index, retry.attempt, retry.query_run) == (3, 1, "qryrun_1")


def test_without_a_query_run_there_is_only_a_new_attempt() -> None:
    retry = retry_of(3, failed(FailureClass.TRANSFER, None))

    assert (retry.index, retry.attempt, retry.query_run) == (3, 2, None)


def test_a_holder_that_slept_writes_its_old_failure_over_no_retry(world: World) -> None:
    world.open()
    (claimed,) = world.governor.claim(submits=1, downloads=0, polls=0).due[Step.SUBMIT]
    asleep = world.governor.begin(claimed, RunState.GRANTED, 60_000)
    assert asleep
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))  # by another one, since its custody ran out
    world.retrier.retry_failed(BATCH)

    Turn(world.rt, world.governor, asleep).fail(Reason(FailureClass.REQUEST, "an old word"))

    failure = world.failure()
    assert failure and failure.retried
    assert failure.message != "an old word"
    world.rt.redis.flushall()
    list(world.rebuild.restore(world.rt.ledger.batch(BATCH)))
    assert world.state() is not RunState.FAILED


def test_failed_runs_wait_again_and_their_failures_are_history(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())

    assert world.retrier.retry_failed(BATCH) == RetryReport(retried=1, landings=0)

    # It is granted at once: its slot is free.
    assert [world.state(index) for index in (0, 1)] == [RunState.GRANTED, RunState.RUNNING]
    failure = world.failure()
    assert failure and failure.retried
    assert world.retrier.retry_failed(BATCH) == RetryReport(retried=0, landings=0)


def test_nothing_is_retried_of_a_batch_that_nobody_submitted(world: World) -> None:
    with pytest.raises(BatchUnknown):
        world.retrier.retry_failed("nobodys")


def test_nothing_is_retried_of_a_batch_that_was_canceled(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())
    world.steering.cancel(BATCH)

    with pytest.raises(BatchCanceled):
        world.retrier.retry_failed(BATCH)


def test_nothing_is_retried_that_redis_has_forgotten(world: World) -> None:
    world.open()
    world.rt.redis.flushall()

    with pytest.raises(FlowUnknown):
        world.retrier.retry_failed(BATCH)
