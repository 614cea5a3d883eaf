"""What the end of a run means for those that share its QueryRun: a result is shared, a failure is not."""

from datetime import datetime, timedelta

import pytest

from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.budgets import DailyBudget, taken
from forebay.scheduler.batches.sharing import Sharing
from forebay.scheduler.errors import BudgetExceeded
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.records import Item
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal

SAME = Item(name="q", sql="SELECT 1", account=None)


def submit(world: World, batch: str, *, fresh: bool = False) -> str | None:
    """One run of the same SQL, and whose QueryRun it shares."""
    world.submit([SAME], batch, sharing=Sharing(max_age=timedelta(days=1), fresh=fresh))
    return world.rt.ledger.item(batch, LANE, 0).share


def failed(code: str) -> dict[str, object]:
    return {"status_details": {"failed": {"error_code": code, "error_message": "No."}}}


def keys_sent(world: World) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in world.requests if request.method == "POST"]


def test_a_query_run_that_failed_is_shared_by_nobody_who_comes_after(world: World) -> None:
    submit(world, BATCH)
    world.step(Step.SUBMIT, query_run())
    assert submit(world, "while-alive") == f"{BATCH}/0"

    world.step(Step.POLL, query_run("failed", **failed("query_run_invalid_sql")))

    assert world.state() is RunState.FAILED
    assert submit(world, "after") is None
    assert submit(world, "later") == "after/0"


def test_a_create_that_is_refused_leads_nobody(world: World) -> None:
    submit(world, BATCH)

    world.step(Step.SUBMIT, refusal(400, "parameter_invalid"))

    assert world.state() is RunState.FAILED
    assert submit(world, "after") is None


def test_a_failed_query_run_fails_both_and_whoever_shared_it_frees_the_lead_too(world: World) -> None:
    submit(world, BATCH)
    world.steering.cancel(BATCH)  # its leader never asks Stripe
    assert submit(world, "b2") == f"{BATCH}/0"

    world.step(Step.SUBMIT, query_run("failed", **failed("query_run_invalid_sql")))

    assert world.view.states(LANE, "b2", 0, 1) == [RunState.FAILED]
    assert submit(world, "after") is None


def test_a_failure_frees_no_lead_that_is_somebody_elses(world: World) -> None:
    submit(world, BATCH)
    world.step(Step.SUBMIT, query_run())
    submit(world, "fresh", fresh=True)

    world.step(Step.POLL, query_run("failed", **failed("query_run_invalid_sql")))

    assert submit(world, "after") == "fresh/0"


def test_a_new_attempt_for_a_fault_of_stripe_keeps_the_lead_and_whoever_comes_later_catches_up(world: World) -> None:
    submit(world, BATCH)
    broken = query_run("failed", **failed("internal_error"))
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, broken)
    world.step(Step.SUBMIT, query_run(id="qryrun_2"))

    assert submit(world, "b2") == f"{BATCH}/0"
    world.step(Step.SUBMIT, broken)  # Stripe answers the known key with the first attempt as it is now
    world.step(Step.SUBMIT, query_run(id="qryrun_2"))

    first, second, replayed_first, replayed_second = keys_sent(world)
    assert (replayed_first, replayed_second) == (first, second)
    assert first != second


@pytest.mark.parametrize("retried_first", [BATCH, "b2"])
def test_retried_runs_share_their_next_attempt_whoever_is_first(world: World, retried_first: str) -> None:
    submit(world, BATCH)
    submit(world, "b2")
    world.step(Step.SUBMIT, query_run(), query_run())
    broken = query_run("failed", **failed("query_run_invalid_sql"))
    world.step(Step.POLL, broken, broken)

    for batch in sorted((BATCH, "b2"), key=lambda batch: batch != retried_first):
        world.retrier.retry(batch)
        world.step(Step.SUBMIT, query_run(id="qryrun_2"))

    first, second = keys_sent(world)[-2:]
    assert first == second != keys_sent(world)[0]


def test_a_fault_of_stripe_costs_a_run_of_the_day_and_fails_where_none_is_left(world: World, today: datetime) -> None:
    policy, day = Policy(definition="fees", kind="batch", spec_sha256="", runs_per_day=2), today.date()
    world.submit([SAME], policy=policy, budget=DailyBudget.of_batch(policy, 1, day))
    broken = query_run("failed", **failed("internal_error"))
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, broken)
    assert (world.state(), taken(world.rt.ledger.spent, ["fees"], day)) == (RunState.GRANTED, 2)

    world.step(Step.SUBMIT, query_run(id="qryrun_2"))
    again = {"status_details": {"failed": {"error_code": "internal_error", "error_message": "Once more."}}}
    world.step(Step.POLL, query_run("failed", id="qryrun_2", **again))

    failure = world.failure()
    assert failure and failure.error_class == "provider"
    assert "Once more. (Not asked once more: fees: this takes 1 run, 2 of today (UTC) are taken" in failure.message
    with pytest.raises(BudgetExceeded):
        world.retrier.retry(BATCH)
    assert world.state() is RunState.FAILED


def test_what_nobody_bounds_is_counted_in_attempts_and_retries_too(world: World, today: datetime) -> None:
    policy, day = Policy(definition="fees", kind="batch", spec_sha256=""), today.date()
    world.submit([SAME], policy=policy, budget=DailyBudget.of_batch(policy, 1, day))
    counted = [taken(world.rt.ledger.spent, ["fees"], day)]
    for number in range(10):
        if world.state() is RunState.FAILED:
            break
        world.step(Step.SUBMIT, query_run(id=f"qryrun_{number}"))
        world.step(Step.POLL, query_run("failed", id=f"qryrun_{number}", **failed("internal_error")))
        counted.append(taken(world.rt.ledger.spent, ["fees"], day))
    attempts = counted[-1]
    assert counted == [*range(1, attempts + 1), attempts], "as many as were made"

    world.retrier.retry(BATCH)
    assert taken(world.rt.ledger.spent, ["fees"], day) == attempts + 1
