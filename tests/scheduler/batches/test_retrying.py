"""What a retry does to each failed run, and when there is nothing to retry."""

import hashlib
import json
from datetime import UTC, datetime

import httpx
import pytest

from forebay.governor.errors import FlowUnknown
from forebay.governor.states import RunState, Step
from forebay.landing.manifest import read_manifest
from forebay.scheduler.batches.retrying import FailedRun, RetryReport, Try, retry_of
from forebay.scheduler.errors import BatchCanceled, BatchUnknown
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import FailureRecord, Item
from forebay.store.local import LocalStore
from forebay.worker.steps.retry_rules import Reason
from forebay.worker.steps.turn import Turn
from tests.worker.conftest import BATCH, LANE, FileHost, World, query_run, refusal, zipped


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
    world.retrier.retry(BATCH)

    Turn(world.rt, world.governor, asleep).fail(Reason(FailureClass.REQUEST, "an old word"))

    failure = world.failure()
    assert failure and failure.retried
    assert failure.message != "an old word"
    world.rt.redis.flushall()
    world.reconciler.all()
    assert world.state() is not RunState.FAILED


def test_failed_runs_wait_again_and_their_failures_are_history(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())

    assert world.retrier.retry(BATCH) == RetryReport(retried=1, landings=0)

    # It is granted at once: its slot is free.
    assert [world.state(index) for index in (0, 1)] == [RunState.GRANTED, RunState.RUNNING]
    failure = world.failure()
    assert failure and failure.retried
    assert world.retrier.retry(BATCH) == RetryReport(retried=0, landings=0)


def test_nothing_is_retried_of_a_batch_that_nobody_submitted(world: World) -> None:
    with pytest.raises(BatchUnknown):
        world.retrier.retry("nobodys")


def test_nothing_is_retried_of_a_batch_that_was_canceled(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())
    world.steering.cancel(BATCH)

    with pytest.raises(BatchCanceled):
        world.retrier.retry(BATCH)


def test_nothing_is_retried_that_redis_has_forgotten(world: World) -> None:
    world.open()
    world.rt.redis.flushall()

    with pytest.raises(FlowUnknown):
        world.retrier.retry(BATCH)


def sent(world: World) -> list[tuple[str, str]]:
    """SQL and idempotency key of each create, in their order."""
    return [
        (json.loads(request.content)["sql"], request.headers["Idempotency-Key"])
        for request in world.requests
        if request.method == "POST"
    ]


def mended(world: World, sql: str) -> RetryReport:
    return world.retrier.retry(BATCH, lambda _: Try(sql=sql))


def test_a_mended_text_is_asked_by_a_new_attempt_under_a_new_key(world: World, file_host: FileHost) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))

    assert mended(world, "SELECT 'mended'").retried == 1
    file_host.body = zipped(b"n\n1\n")
    world.step(Step.SUBMIT, query_run("succeeded", result=file_host.result()))

    (first, first_key), (second, second_key) = sent(world)
    assert (first, second) == ("SELECT 0", "SELECT 'mended'")
    assert first_key != second_key
    manifest = read_manifest(LocalStore(world.destination), f"{BATCH}/q0")
    assert manifest and manifest.sql_sha256 == hashlib.sha256(b"SELECT 'mended'").hexdigest()


def test_of_the_columns_of_a_mended_text_nothing_is_known_that_was_of_the_former(
    world: World, file_host: FileHost
) -> None:
    item = Item(name="q0", sql="SELECT 0", account=None, column_types={"n": "bigint"})
    world.submit([item], result_format="parquet")
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    mended(world, "SELECT 'mended'")
    file_host.body = zipped(b"n\nmended\n")

    world.step(Step.SUBMIT, query_run("succeeded", result=file_host.result()))

    manifest = read_manifest(LocalStore(world.destination), f"{BATCH}/q0")
    assert manifest and manifest.table and manifest.table.columns[0].type == "text"


def test_a_reply_that_is_lost_after_a_mended_text_replays_the_same_key(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    mended(world, "SELECT 'mended'")

    world.step(Step.SUBMIT, httpx.ReadTimeout("lost"))
    world.step(Step.SUBMIT, query_run())

    assert sent(world)[1] == sent(world)[2]


def test_a_mended_text_outlives_redis(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    mended(world, "SELECT 'mended'")
    world.step(Step.SUBMIT, httpx.ReadTimeout("lost"))
    world.rt.redis.flushall()

    world.reconciler.all()
    world.step(Step.SUBMIT, query_run())

    assert sent(world)[1] == sent(world)[2], "another text or key would be another execution"


def test_a_later_attempt_asks_what_was_mended_last(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    mended(world, "SELECT 'once'")
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    mended(world, "SELECT 'twice'")
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    world.retrier.retry(BATCH)
    world.step(Step.SUBMIT, query_run())

    assert [sql for sql, _ in sent(world)] == ["SELECT 0", "SELECT 'once'", "SELECT 'twice'", "SELECT 'twice'"]


def test_a_text_that_was_decided_stays_when_the_retry_died_before_redis_heard_of_it(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))
    failure = world.failure()
    assert failure
    world.rt.ledger.retry_failure(BATCH, LANE, 0, failure, "SELECT 'decided'")

    (run,) = world.retrier.failed(BATCH)
    assert not run.may_ask_otherwise
    mended(world, "SELECT 'later'")
    world.step(Step.SUBMIT, query_run())

    assert sent(world)[1][0] == "SELECT 'decided'"


def test_only_the_runs_that_are_chosen_wait_again(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), refusal(400, "query_run_invalid_sql"))

    assert world.retrier.retry(BATCH, lambda run: Try() if run.index else None).retried == 1

    assert [world.state(index) for index in (0, 1)] == [RunState.FAILED, RunState.GRANTED]


@pytest.mark.parametrize(
    ("error_class", "query_run_id", "can"),
    [
        (FailureClass.SQL, "qryrun_1", True),
        (FailureClass.REQUEST, None, True),
        (FailureClass.REQUEST, "qryrun_1", False),  # Stripe may be running it
        (FailureClass.TOO_BIG, "qryrun_1", True),
        (FailureClass.TRANSFER, "qryrun_1", False),  # the result is there
        (FailureClass.AUTH, None, False),
        (FailureClass.PROVIDER, "qryrun_1", False),
    ],
)
def test_a_mended_text_can_help_what_failed_of_its_text_and_runs_no_more(
    error_class: FailureClass, query_run_id: str | None, can: bool
) -> None:
    run = FailedRun(batch_id=BATCH, lane=LANE, index=0, failure=failed(error_class, query_run_id))

    assert run.may_ask_otherwise is can
