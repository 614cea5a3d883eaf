"""Each QueryRun that ended is noted as spent, whatever came of it, before anything says that its run has settled."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.sharing import Sharing
from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Item
from forebay.store.ledger.use_records import Use
from forebay.store.local import LocalStore
from forebay.worker.steps.retry_rules import SURELY_OVER_MS
from tests.governor.keyspace import pass_time
from tests.worker.conftest import BATCH, FileHost, World, query_run, refusal

#: When Stripe says that it created the QueryRun: the day counts, not ours.
CREATED = "2026-11-28T23:59:50.000Z"


def uses(world: World) -> list[Use]:
    days = world.rt.ledger.uses.days(date(2026, 11, 1), datetime.now(UTC).date() + timedelta(days=2))
    return [use for _, found in days for use in found]


def failed(code: str) -> dict[str, object]:
    return {"status_details": {"failed": {"error_code": code, "error_message": "No."}}}


@pytest.fixture
def running(world: World) -> World:
    world.submit(
        [Item(name="q0", sql="SELECT 0", account="acct_1")],
        policy=Policy(definition="fees", kind="batch", spec_sha256="", accounts=("acct_1",)),
    )
    world.step(Step.SUBMIT, query_run(created=CREATED))
    return world


def test_what_landed_is_noted_with_rows_bytes_and_time(running: World, file_host: FileHost) -> None:
    running.step(Step.POLL, query_run("succeeded", created=CREATED, result=file_host.result()))

    (use,) = uses(running)
    assert (use.day, use.definition, use.connection, use.account) == (date(2026, 11, 28), "fees", "default", "acct_1")
    assert (use.query_run, use.outcome, use.rows, use.bytes) == ("qryrun_1", "landed", 2, len(file_host.body))
    assert use.ms is not None and use.ms >= 0
    assert (use.attempt, use.shared) == (0, False)


def test_a_failure_is_noted_and_each_attempt_of_its_own(running: World) -> None:
    running.step(Step.POLL, query_run("failed", created=CREATED, **failed("internal_error")))
    running.step(Step.SUBMIT, query_run(id="qryrun_2", created=CREATED))
    running.step(Step.POLL, query_run("failed", id="qryrun_2", created=CREATED, **failed("query_run_invalid_sql")))

    found = sorted((use.query_run, use.attempt, use.outcome, use.rows, use.bytes) for use in uses(running))
    assert found == [("qryrun_1", 0, "provider", 0, 0), ("qryrun_2", 1, "sql", 0, 0)]


def test_a_canceled_run_that_stripe_ran_is_noted_and_one_that_never_began_is_not(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, query_run(), refusal(500))
    world.steering.cancel(BATCH)
    world.step(Step.POLL, query_run("succeeded"))

    assert [(use.outcome, use.rows) for use in uses(world)] == [("canceled", None)]


def test_a_create_that_stripe_refused_is_no_query_run(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(400, "parameter_invalid"))

    assert world.state() is RunState.FAILED
    assert uses(world) == []


def test_a_shared_query_run_is_noted_for_each_of_its_runs(world: World, file_host: FileHost) -> None:
    for batch in (BATCH, "b2"):
        item = Item(name="q", sql="SELECT 1", account=None)
        world.submit([item], batch, sharing=Sharing(max_age=timedelta(days=1)))
    answer = query_run("succeeded", created=CREATED, result=file_host.result())
    world.step(Step.SUBMIT, answer, answer)

    assert sorted((use.query_run, use.shared) for use in uses(world)) == [("qryrun_1", False), ("qryrun_1", True)]


def test_a_result_that_lands_after_a_retry_is_one_query_run_still(running: World, file_host: FileHost) -> None:
    whole, file_host.body = file_host.body, b"broken"
    running.step(Step.POLL, query_run("succeeded", created=CREATED, result=file_host.result()))
    while not running.state().settled:
        running.step(Step.DOWNLOAD, query_run("succeeded", created=CREATED, result=file_host.result()))
    assert running.state() is RunState.FAILED
    running.retrier.retry(BATCH)
    file_host.body = whole
    running.step(Step.POLL, query_run("succeeded", created=CREATED, result=file_host.result()))

    assert {(use.query_run, use.day) for use in uses(running)} == {("qryrun_1", date(2026, 11, 28))}
    assert {use.outcome: use.ms is None for use in uses(running)} == {"transfer": False, "landed": True}


@pytest.mark.parametrize("cancel", [False, True])
def test_nothing_settles_while_the_ledger_does_not_take_its_use(
    running: World, file_host: FileHost, tmp_path: Path, cancel: bool
) -> None:
    class Refusing(LocalStore):
        """Takes everything but uses."""

        def put(self, key: str, data: bytes) -> None:
            if key.startswith("uses/"):
                raise Unavailable("full")
            super().put(key, data)

    store: Store = running.rt.ledger._store
    if cancel:
        running.steering.cancel(BATCH)
    running.rt.ledger = Ledger(Refusing(tmp_path / "ledger"))
    answer = query_run("succeeded", created=CREATED, result=file_host.result())
    running.step(Step.POLL, answer)
    assert not running.state().settled
    assert not list(running.destination.rglob("*.manifest.json"))

    running.rt.ledger = Ledger(store)
    running.step(Step.POLL if cancel else Step.DOWNLOAD, answer)
    assert running.state() is (RunState.CANCELED if cancel else RunState.LANDED)
    assert len(uses(running)) == 1


def test_a_create_that_was_never_answered_is_noted_as_one_that_nobody_knows_of(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, httpx.ReadTimeout("no answer"))
    world.steering.cancel(BATCH)
    pass_time(world.rt.redis, SURELY_OVER_MS)
    world.step(Step.SUBMIT)

    assert world.state() is RunState.CANCELED
    assert [(use.query_run, use.outcome, use.ms, use.rows) for use in uses(world)] == [(None, "canceled", None, None)]
