"""granted → running, and what each answer of Stripe to a create does to the run and to the lane."""

import httpx
import pytest

from forebay.config.stripe import Api
from forebay.governor.states import Gate, RunState, Step
from forebay.store.ledger.records import Item
from forebay.worker.steps.carry_out import carry_out
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal


def gates(world: World) -> list[Gate]:
    return [closed.gate for closed in world.view.lane(LANE).gates]


def test_a_create_binds_the_query_run_and_the_first_look_comes_after_about_a_second(world: World) -> None:
    world.open()

    world.step(Step.SUBMIT, query_run())

    run = world.view.run(LANE, BATCH, 0)
    assert run and run.query_run == "qryrun_1"
    assert world.state() is RunState.RUNNING
    due_in_ms = world.due_in_ms(Step.POLL)
    assert due_in_ms is not None
    assert 0 < due_in_ms <= 1000


def test_what_is_to_be_cut_before_it_runs_is_not_sent(world: World) -> None:
    item = Item(name="q", sql="SELECT 1", account=None, parts=4)
    world.submit([item])

    assert world.step(Step.SUBMIT) == 1

    assert world.requests == []
    assert world.rt.ledger.item(BATCH, LANE, 0) == item
    failure = world.failure()
    assert failure and (failure.error_class, failure.query_run) == ("too_big", None)
    assert "cut before it runs" in failure.message
    assert world.view.lane(LANE).held == 0, "its slot is free again"


def test_a_lost_reply_is_settled_by_replaying_the_same_key_and_body(world: World) -> None:
    world.open()

    world.step(Step.SUBMIT, httpx.ReadTimeout("no reply"))
    assert world.state() is RunState.GRANTED
    world.step(Step.SUBMIT, query_run())

    first, second = world.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.content == second.content
    assert world.state() is RunState.RUNNING


def test_a_batch_is_created_and_replayed_by_the_api_of_when_it_was_accepted(world: World) -> None:
    """Its connection speaks another one: by that, a replay would be a second query."""
    world.open(api=Api.DATA)

    world.step(Step.SUBMIT, httpx.ReadTimeout("no reply"))
    running = httpx.Response(200, json={"id": "qrun_1", "livemode": False, "status": "running"})
    world.step(Step.SUBMIT, running)
    world.step(Step.POLL, running)

    assert world.rt.config.connection().api is Api.REPORTING
    first, second, look = world.requests
    assert first.url.path == second.url.path == "/v2/data/query_runs"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert (first.content, first.headers["Stripe-Version"]) == (second.content, "2026-10-28.preview")
    assert (look.method, look.url.path) == ("GET", "/v2/data/query_runs/qrun_1")


def test_a_replay_that_finds_the_run_ended_needs_no_look(world: World) -> None:
    world.open()

    world.step(Step.SUBMIT, query_run("succeeded"))

    assert world.state() is RunState.READY
    assert world.view.lane(LANE).held == 0


def test_a_doubled_message_sends_one_create(world: World) -> None:
    world.open()
    claims = world.governor.claim(submits=9, downloads=9, polls=9)
    world.answers.append(query_run())

    carry_out(world.rt, Step.SUBMIT, LANE, claims.due[Step.SUBMIT] * 3)

    assert len(world.requests) == 1


def test_two_runs_and_two_attempts_have_different_keys(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, query_run(), query_run(id="qryrun_2"))

    def failed(request: httpx.Request) -> httpx.Response:
        details = {"failed": {"error_code": "internal_error", "error_message": "Oops."}}
        return query_run("failed", id=request.url.path.rpartition("/")[2], status_details=details)

    world.step(Step.POLL, failed, failed)
    world.step(Step.SUBMIT, query_run(id="qryrun_3"), query_run(id="qryrun_4"))

    keys = [request.headers["Idempotency-Key"] for request in world.requests if request.method == "POST"]
    assert len(set(keys)) == 4


def test_a_full_cap_at_stripe_costs_the_run_nothing(world: World) -> None:
    world.open(3)

    world.step(Step.SUBMIT, query_run(), refusal(429, "query_run_rate_limit_exceeded"))

    flow = world.view.flow(LANE, BATCH)
    assert flow and (flow.held, flow.waiting) == (1, 2)
    assert world.rt.redis.lrange(world.governor.keys.requeued(BATCH), 0, -1) == ["1|0|"], "first in line, same attempt"
    assert gates(world) == [Gate.CAP]


def test_a_full_cap_keeps_the_slot_of_a_create_that_may_still_be_under_way(world: World) -> None:
    world.open(3)
    world.step(Step.SUBMIT, query_run(), httpx.ReadTimeout("lost"))

    world.step(Step.SUBMIT, refusal(429, "query_run_rate_limit_exceeded"))

    flow = world.view.flow(LANE, BATCH)
    assert flow and (flow.held, flow.waiting) == (2, 1)
    assert gates(world) == [Gate.CAP]


def test_while_the_cap_gate_is_closed_nothing_is_created_and_a_success_opens_it(world: World) -> None:
    world.open(1)
    world.step(Step.SUBMIT, refusal(429, "query_run_rate_limit_exceeded"))

    assert world.step(Step.SUBMIT) == 0

    world.rt.redis.hset(world.governor.keys.config, "cap_until", 0)
    assert world.step(Step.SUBMIT, query_run()) == 1
    assert gates(world) == []


@pytest.mark.parametrize("reason", ["global-rate", "endpoint-rate", "endpoint-concurrency"])
def test_too_many_requests_close_the_gate_of_creates_and_keep_the_slot(world: World, reason: str) -> None:
    world.open()

    world.step(Step.SUBMIT, refusal(429, "account_rate_limit_exceeded", reason))

    assert gates(world) == [Gate.CREATE]
    assert world.state() is RunState.GRANTED
    assert world.view.lane(LANE).held == 1


@pytest.mark.parametrize("answer", [refusal(500), refusal(503), refusal(409, "idempotency_conflict"), refusal(429)])
def test_a_fault_of_stripe_keeps_slot_attempt_and_key(world: World, answer: httpx.Response) -> None:
    world.open()

    world.step(Step.SUBMIT, answer)
    world.step(Step.SUBMIT, query_run())

    first, second = world.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert gates(world) == []


@pytest.mark.parametrize(
    ("answer", "gate"),
    [
        (refusal(401), Gate.AUTH),
        (refusal(403), Gate.PERMISSION),
        (refusal(403, "query_run_api_inaccessible"), Gate.AUTH),
    ],
    ids=["401", "403", "code"],
)
def test_a_refused_key_stops_the_lane_and_fails_no_run(world: World, answer: httpx.Response, gate: Gate) -> None:
    world.open(2)

    world.step(Step.SUBMIT, answer, answer)

    assert gates(world) == [gate]
    assert [world.state(0), world.state(1)] == [RunState.GRANTED, RunState.GRANTED]
    assert world.step(Step.SUBMIT) == 0


def test_a_key_of_the_other_mode_stops_the_lane_but_loses_no_run(world: World) -> None:
    world.open()

    world.step(Step.SUBMIT, query_run(livemode=True))

    assert world.state() is RunState.RUNNING
    (closed,) = world.view.lane(LANE).gates
    assert closed.gate is Gate.AUTH
    assert "live mode, but the connection says test" in closed.reason


@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (refusal(400, "query_run_invalid_sql"), "sql"),
        (refusal(400, "invalid_fields"), "request"),
        (refusal(409, "idempotency_error"), "bug"),
    ],
)
def test_a_refused_request_fails_the_run_and_frees_its_slot_for_the_next(
    world: World, answer: httpx.Response, error_class: str
) -> None:
    world.open(3)

    world.step(Step.SUBMIT, answer, query_run())

    failure = world.failure()
    assert failure and (failure.error_class, failure.request_id) == (error_class, "req_1")
    assert [world.state(index) for index in range(3)] == [RunState.FAILED, RunState.RUNNING, RunState.GRANTED]


def test_a_canceled_run_that_was_never_sent_is_not_sent(world: World) -> None:
    world.open()
    world.steering.cancel(BATCH)

    world.step(Step.SUBMIT)

    assert world.requests == []
    assert world.state() is RunState.CANCELED
    assert world.view.lane(LANE).held == 0


def test_a_canceled_run_that_may_have_been_sent_is_settled_by_its_key(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, httpx.ReadTimeout("no reply"))
    world.steering.cancel(BATCH)

    world.step(Step.SUBMIT, query_run())

    assert world.state() is RunState.RUNNING, "Stripe runs it, so its slot is busy until Stripe says otherwise"


def test_a_canceled_run_that_redis_forgot_to_have_been_sent_is_settled_by_its_key(world: World) -> None:
    world.open(size=2)
    world.steering.cancel(BATCH)
    assert world.reconciliation.adopt(BATCH, [(0, 0)]) == 0, "it is granted: Redis only does not know that it was sent"

    world.step(Step.SUBMIT, query_run("succeeded"))

    assert [request.method for request in world.requests] == ["POST"]
    assert world.state() is RunState.CANCELED


def test_before_the_lane_is_reconciled_nothing_is_sent_and_the_run_says_why(world: World) -> None:
    world.open()
    claims = world.governor.claim(submits=1, downloads=0, polls=0)
    world.rt.redis.hset(world.governor.keys.config, "server", "one that is gone")

    carry_out(world.rt, Step.SUBMIT, LANE, claims.due[Step.SUBMIT])

    assert world.requests == []
    run = world.view.run(LANE, BATCH, 0)
    assert run and run.trouble == "Redis is new or older than it was, and being reconciled with the ledger"
    assert world.due_in_ms(Step.SUBMIT) <= 0, "it goes on as soon as the lane is reconciled"


def test_a_missing_item_is_put_off_without_losing_the_run(world: World) -> None:
    world.open()
    for chunk in (world.destination.parent / "ledger").rglob("*.gz"):
        chunk.unlink()

    world.step(Step.SUBMIT)

    run = world.view.run(LANE, BATCH, 0)
    assert run and run.state is RunState.GRANTED
    assert run.trouble


def test_an_account_that_refuses_us_fails_its_run_alone_when_its_lane_serves_others(world: World) -> None:
    items = [Item(name="a", sql="SELECT 1", account="acct_refuses"), Item(name="b", sql="SELECT 1", account=None)]
    world.submit(items)

    world.step(Step.SUBMIT, refusal(403), query_run())

    failure = world.failure()
    assert failure
    assert failure.error_class == "auth"
    assert [world.state(0), world.state(1)] == [RunState.FAILED, RunState.RUNNING]
    assert gates(world) == []


def test_a_create_that_finds_nothing_there_fails_and_does_not_hold_its_slot_for_ever(world: World) -> None:
    world.open()

    world.step(Step.SUBMIT, refusal(404, "not_found"))

    assert world.state() is RunState.FAILED
    assert world.view.lane(LANE).held == 0


def test_what_stripe_says_of_a_query_goes_to_the_ledger_and_not_to_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.open()
    words = "Cannot cast 'someone@example.com' to BIGINT"
    error = {"error": {"code": "query_run_invalid_sql", "message": words}}

    world.step(Step.SUBMIT, httpx.Response(400, json=error))

    failure = world.failure()
    assert failure
    assert words in failure.message
    assert "someone@example.com" not in caplog.text
