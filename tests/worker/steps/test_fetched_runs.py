"""A run whose QueryRun is there already is only retrieved: whatever happens, no create is sent for it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from forebay.governor.states import Gate, RunState, Step
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.costs.spending import spending
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.fetched import Fetched
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from forebay.worker.steps.retry_rules import MOST_LANDINGS
from tests.worker.conftest import BATCH, LANE, FileHost, World, query_run, refusal
from tests.worker.steps.conftest import manifest

ENDED = datetime(2026, 11, 2, 4, tzinfo=UTC)
WINDOW = Span(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 2, tzinfo=UTC))
AGAIN = Fetched(
    query_run="qryrun_1",
    run="fees.20261101-20261102/0",
    sql="SELECT 1",
    definition="fees",
    spec_sha256="ss",
    window=WINDOW,
    ended_at=ENDED,
    data_loaded_at=ENDED,
)
ELSEWHERE = Fetched(query_run="qryrun_1", elsewhere=True)


def submit(world: World, fetched: Fetched = AGAIN) -> None:
    world.submit([Item(name="q0", sql="", account=None, fetched=fetched)])
    assert world.state() is RunState.RUNNING, "nothing is created, so nothing waits for a create"
    due_in_ms = world.due_in_ms(Step.POLL)
    assert due_in_ms is not None and due_in_ms <= 0, "a look may be made at once"


def creates(world: World) -> int:
    return [request.method for request in world.requests].count("POST")


def test_it_lands_without_a_create_and_its_manifest_says_what_it_was_and_that_it_was_fetched_again(
    world: World, file_host: FileHost
) -> None:
    submit(world)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result(), created="2026-11-02T03:00:00Z"))

    assert world.state() is RunState.LANDED and creates(world) == 0
    read = manifest(world)
    assert (read["query_run"], read["refetched_from"], read["started_elsewhere"]) == ("qryrun_1", AGAIN.run, False)
    assert (read["sql"], read["definition"], read["spec_sha256"]) == ("SELECT 1", "fees", "ss")
    assert read["window"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}
    assert (read["submitted_at"], read["ended_at"]) == ("2026-11-02T03:00:00Z", "2026-11-02T04:00:00Z")
    assert (read["batch"], read["idempotency_key"], read["compress"]) == (BATCH, None, True)


def test_of_what_was_started_elsewhere_the_manifest_says_that_its_sql_is_not_known(
    world: World, file_host: FileHost
) -> None:
    file_host.body = b"n\n1\n2\n"
    submit(world, ELSEWHERE)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result(content_type="csv")))

    read = manifest(world)
    assert (read["sql"], read["sql_sha256"], read["started_elsewhere"], read["compress"]) == (None, None, True, False)
    assert (read["refetched_from"], read["ended_at"]) == (None, None)


def test_one_that_still_runs_is_followed_to_its_end(world: World, file_host: FileHost) -> None:
    submit(world, ELSEWHERE)
    world.step(Step.POLL, query_run("running"))
    assert (world.state(), world.view.lane(LANE).held) == (RunState.RUNNING, 1)

    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert (world.state(), creates(world)) == (RunState.LANDED, 0)


def test_a_key_that_may_not_create_keeps_nothing_from_being_fetched(world: World, file_host: FileHost) -> None:
    world.submit([Item(name="q0", sql="SELECT 1", account=None)], "another")
    world.step(Step.SUBMIT, refusal(403, "forbidden"))
    assert [gate.gate for gate in world.view.lane(LANE).gates] == [Gate.PERMISSION]

    submit(world)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert world.state() is RunState.LANDED


def test_one_that_is_granted_without_its_query_run_is_bound_at_once(world: World, file_host: FileHost) -> None:
    submit(world)
    (claimed,) = world.governor.claim(submits=0, downloads=0, polls=1).due[Step.POLL]
    custody = world.governor.begin(claimed, RunState.RUNNING, 60_000)
    assert custody and world.governor.requeue(custody, attempt=0)
    assert world.step(Step.SUBMIT) == 1

    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert (world.state(), creates(world)) == (RunState.LANDED, 0)


def test_what_stripe_no_longer_has_fails_at_once_and_says_so(world: World) -> None:
    submit(world)
    world.step(Step.POLL, refusal(404, "resource_missing"))

    failure = world.failure()
    assert failure and (failure.error_class, failure.query_run) == ("not_found", "qryrun_1")
    assert failure.message == "Stripe has no qryrun_1 for this key any more: results are kept 90 days"


def test_a_page_of_somebody_else_does_not_say_that_stripe_no_longer_has_it(world: World) -> None:
    submit(world)
    world.step(Step.POLL, httpx.Response(404, text="<html>"))
    assert world.state() is RunState.RUNNING


@pytest.mark.parametrize("code", ["internal_error", "query_run_invalid_sql", "file_size_above_limit"])
def test_one_that_failed_at_stripe_fails_and_nothing_is_run_again_by_a_retry_either(
    world: World, file_host: FileHost, code: str
) -> None:
    submit(world, ELSEWHERE)
    failed = {"failed": {"error_code": code, "error_message": "It broke."}}
    world.step(Step.POLL, query_run("failed", status_details=failed))
    failure = world.failure()
    assert (world.state(), failure and failure.code) == (RunState.FAILED, code)

    world.retrier.retry(BATCH)
    world.step(Step.SUBMIT)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert (world.state(), creates(world)) == (RunState.LANDED, 0)


def test_one_that_does_not_land_fails_and_a_retry_lands_it(world: World, file_host: FileHost) -> None:
    submit(world)
    whole, file_host.body = file_host.body, b"broken"
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    for _ in range(MOST_LANDINGS):
        world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    failure = world.failure()
    assert failure and failure.error_class == "transfer"

    file_host.body = whole
    world.retrier.retry(BATCH)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert (world.state(), creates(world)) == (RunState.LANDED, 0)


def test_a_canceled_one_asks_nobody(world: World) -> None:
    world.submit([Item(name="q0", sql="", account=None, fetched=AGAIN)])
    world.steering.cancel(BATCH)
    world.step(Step.POLL)

    assert (world.state(), world.requests) == (RunState.CANCELED, [])


@pytest.mark.parametrize("retried", [False, True])
def test_a_redis_that_lost_it_brings_it_back_however_old_it_is_and_sends_no_create(
    world: World, file_host: FileHost, retried: bool
) -> None:
    submit(world)
    if retried:
        world.step(Step.POLL, refusal(404, "resource_missing"))
        world.retrier.retry(BATCH)
    record = world.destination.parent / "ledger" / "batches" / BATCH / "batch.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "created_at": "2026-01-01T00:00:00+00:00"}))
    world.rt.redis.flushall()
    ledger = Ledger(LocalStore(record.parents[2]))

    (restored,) = Reconciler(ledger, world.rt.redis, world.rt.config, world.rt.open_store).all().restored
    assert (restored.too_old, restored.waiting) == (False, 1)

    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert (world.state(), creates(world)) == (RunState.LANDED, 0)


def test_it_shows_no_room_at_stripe(world: World) -> None:
    """A limit that a refusal lowered rises with creates that succeed, and with nothing else."""
    world.rt.redis.hset(world.governor.keys.config, mapping={"limit": 1, "limit_refused_at": 0})
    world.submit([Item(name=f"q{n}", sql="", account=None, fetched=AGAIN) for n in range(2)])
    world.step(Step.SUBMIT)

    assert world.rt.redis.hget(world.governor.keys.config, "limit") == "1"


def test_it_counts_as_the_query_run_that_was_spent_before(world: World, file_host: FileHost) -> None:
    submit(world)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result(), created="2026-11-02T03:00:00Z"))

    day = datetime(2026, 11, 2, tzinfo=UTC).date()
    ((_, (use,)),) = world.rt.ledger.uses.days(day, day + timedelta(days=1))
    assert (use.query_run, use.shared, use.definition, use.ms) == ("qryrun_1", True, "fees", None)


def test_what_is_adopted_takes_no_query_run_from_a_definition_that_ran_it(world: World, file_host: FileHost) -> None:
    submit(world, ELSEWHERE)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result(), created="2026-11-02T03:00:00Z"))

    day = datetime(2026, 11, 2, tzinfo=UTC).date()
    ((_, (use,)),) = world.rt.ledger.uses.days(day, day + timedelta(days=1))
    assert (use.query_run, use.shared, use.definition) == ("qryrun_1", True, None)
    for own in ([], [replace(use, run="zz", shared=False, definition="fees")]):
        sums = spending([(day, [use, *own])], lambda each: (each.definition or "",), lambda _: None)
        assert {key: each.runs for key, each in sums.items() if each.runs} == {("fees" if own else "",): 1}
