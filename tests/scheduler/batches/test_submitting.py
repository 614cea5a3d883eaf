"""Accepting batches: what is shared, what is counted, and that an id is one batch."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from forebay.governor.keys import BATCHES
from forebay.governor.states import RunState, Step
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.idempotency import idempotency_key
from forebay.scheduler.batches.budgets import DailyBudget, taken
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.sharing import Sharing
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.errors import BudgetExceeded, InputError
from forebay.store.errors import BadRecord, NotFound, Unavailable
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, Item
from forebay.store.local import LocalStore
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal

SHARING = Sharing(max_age=timedelta(days=1))


def submit(
    world: World, batch: str, *sql: str, budget: DailyBudget | None = None, sharing: Sharing | None = SHARING
) -> Batch:
    items = (Item(name=f"q{n}", sql=one, account=None) for n, one in enumerate(sql))
    return world.submit(items, batch, sharing=sharing, budget=budget)


def keys(world: World) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in world.requests]


def test_a_shared_run_is_created_under_the_key_of_the_first(world: World) -> None:
    submit(world, "b1", "SELECT 1")
    submit(world, "b2", "SELECT 2", "SELECT 1")
    assert world.rt.ledger.item("b2", LANE, 1).share == "b1/0"

    world.step(Step.SUBMIT, query_run(id="qryrun_1"), query_run(id="qryrun_2"))
    world.rt.redis.flushall()
    world.reconciler.bring_back(world.rt.ledger.batch("b2"))
    world.step(Step.SUBMIT, query_run(id="qryrun_2"), query_run(id="qryrun_1"))

    body = QueryRunClient(world.rt.config.connection()).create_body(sql="SELECT 1", compress=True)
    leading = idempotency_key(lane=LANE, run="b1/0", attempt=0, body=body)
    assert keys(world).count(leading) == 2
    assert len(set(keys(world))) == 2


def test_two_creates_of_one_key_at_the_same_moment_are_no_failure(world: World) -> None:
    submit(world, "b0", "SELECT 1")
    submit(world, BATCH, "SELECT 1")

    world.step(Step.SUBMIT, query_run(), refusal(409, "idempotency_conflict"))
    assert world.state() is RunState.GRANTED
    world.step(Step.SUBMIT, query_run())

    assert world.state() is RunState.RUNNING
    assert len(set(keys(world))) == 1


def test_a_retry_of_a_shared_failure_derives_the_next_attempt_of_the_first_run(world: World) -> None:
    submit(world, "b0", "SELECT 1")
    submit(world, BATCH, "SELECT 1")
    world.step(Step.SUBMIT, query_run(id="q1"), refusal(400, "query_run_invalid_sql"))
    world.retrier.retry(BATCH)
    world.step(Step.SUBMIT, query_run(id="q2"))

    body = QueryRunClient(world.rt.config.connection()).create_body(sql="SELECT 1", compress=True)
    assert keys(world)[-1] == idempotency_key(lane=LANE, run="b0/0", attempt=1, body=body)


def on(world: World, day: date) -> int:
    """How many runs that day has taken."""
    return taken(world.rt.ledger.spent, ["fees"], day)


def test_over_budget_nothing_is_written(world: World) -> None:
    budget = DailyBudget(definition="fees", runs_per_day=1, runs=2)

    with pytest.raises(BudgetExceeded):
        submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget)

    with pytest.raises(NotFound):
        world.rt.ledger.batch("b1")
    assert not list((world.destination.parent / "ledger").rglob("*.gz"))
    assert world.rt.redis.keys("fb:*") == []


def test_the_same_batch_is_counted_once_even_on_another_day(world: World, today: datetime) -> None:
    budget = DailyBudget(definition="fees", runs_per_day=2, runs=2)
    first = submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget)
    tomorrow = today + timedelta(days=1)
    world.submitter = Submitter(world.rt.ledger, world.rt.redis, world.reconciler, now=lambda: tomorrow)

    assert submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget) == first
    assert [on(world, day.date()) for day in (today, tomorrow)] == [2, 0]


@pytest.mark.usefixtures("today")
def test_what_was_spent_today_is_spent_though_redis_forgot_it(world: World) -> None:
    budget = DailyBudget(definition="fees", runs_per_day=2, runs=2)
    submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget)
    world.rt.redis.flushall()

    with pytest.raises(BudgetExceeded, match="2 of today"):
        submit(world, "b2", "SELECT 3", "SELECT 4", budget=budget)
    assert submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget), "the same batch is the same batch"


def test_who_finds_that_another_made_the_batch_takes_only_his_own_claim_back(
    world: World, monkeypatch: pytest.MonkeyPatch, today: datetime
) -> None:
    budget = DailyBudget(definition="fees", runs_per_day=2, runs=2)
    monkeypatch.setattr(Submitter, "_exists", lambda *_: False)  # both asked before either wrote
    submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget)
    submit(world, "b1", "SELECT 1", "SELECT 2", budget=budget)

    assert on(world, today.date()) == 2
    with pytest.raises(BudgetExceeded):
        submit(world, "b2", "SELECT 3", "SELECT 4", budget=budget)


def test_fresh_is_fresh_though_ledger_and_redis_remember_nothing(world: World, tmp_path: Path) -> None:
    """Stripe keeps keys for 30 days, and a window's batch has the same id each time."""

    def lose_everything_and_submit(number: int, *, fresh: bool) -> None:
        world.rt.redis.flushall()
        world.rt.ledger = Ledger(LocalStore(tmp_path / f"ledger-{number}"))
        world.__post_init__()
        item = Item(name="q", sql="SELECT 1", account=None)
        terms = BatchTerms(id=BATCH, output=str(world.destination), source="test")
        new = NewBatch(terms=terms, connection=world.rt.config.connection(), items=[item], sharing=SHARING, fresh=fresh)
        world.submitter.submit(new)
        world.step(Step.SUBMIT, query_run())

    for number, fresh in enumerate([False, False, True, True]):
        lose_everything_and_submit(number, fresh=fresh)
    world.rt.redis.delete(*world.rt.redis.scan_iter("*slots"))  # room for another
    shared = submit(world, "b2", "SELECT 1")

    first, replay, fresh_one, another = keys(world)
    assert first == replay
    assert len({first, fresh_one, another}) == 3
    item = world.rt.ledger.item(shared.id, LANE, 0)
    world.step(Step.SUBMIT, query_run())
    assert item.share and item.share.startswith(f"{BATCH}/0#")
    assert keys(world)[-1] == another, "who shares it has its key"


def test_a_given_clock_dates_the_batch_its_cancellation_and_the_day_of_its_budget(
    world: World, today: datetime
) -> None:
    # Half past midnight in Berlin, where the last day of the month has begun; in UTC it has not.
    midnight = datetime(2031, 3, 31, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    world.submitter = Submitter(world.rt.ledger, world.rt.redis, world.reconciler, now=lambda: midnight)
    world.steering = Steering(world.rt.ledger, world.rt.redis, now=lambda: midnight)

    batch = submit(world, "b1", "SELECT 1", budget=DailyBudget(definition="fees", runs_per_day=1, runs=1))
    world.steering.cancel("b1")

    assert batch.created_at == world.rt.ledger.batch("b1").created_at == midnight
    assert world.rt.ledger.canceled_at("b1") == midnight
    assert batch.created_at.utcoffset() == timedelta(0)
    assert world.rt.redis.zscore(BATCHES, "b1") == midnight.timestamp() * 1000
    assert [on(world, day) for day in (today.date(), date(2031, 3, 30))] == [0, 1]


def test_a_budget_is_whole_again_when_the_clocks_utc_day_ends(world: World) -> None:
    hours = iter([23, 24])
    day = datetime(2031, 3, 30, tzinfo=UTC)
    world.submitter = Submitter(
        world.rt.ledger, world.rt.redis, world.reconciler, now=lambda: day + timedelta(hours=next(hours))
    )
    budget = DailyBudget(definition="fees", runs_per_day=1, runs=1)

    submit(world, "b1", "SELECT 1", budget=budget)
    submit(world, "b2", "SELECT 2", budget=budget)

    assert [on(world, date(2031, 3, at)) for at in (30, 31)] == [1, 1]


def test_a_batch_that_cannot_be_written_is_not_counted(world: World, today: datetime) -> None:
    def broken() -> str:
        raise InputError("no SQL")

    items = (Item(name="q", sql=broken(), account=None) for _ in range(1))
    with pytest.raises(InputError):
        world.submit(items, budget=DailyBudget(definition="fees", runs_per_day=2, runs=1))

    assert on(world, today.date()) == 0
    assert world.rt.ledger.spent.claims("fees", today.date()) == []


def test_a_batch_of_which_the_ledger_cannot_keep_what_it_spends_is_not_accepted(world: World, today: datetime) -> None:
    class NoRoomForBudgets(LocalStore):
        def put(self, key: str, data: bytes) -> None:
            if key.startswith("spent/"):
                raise Unavailable("no room")
            super().put(key, data)

    world.rt.ledger = Ledger(NoRoomForBudgets(world.destination.parent / "ledger"))
    world.__post_init__()

    with pytest.raises(Unavailable, match="no room"):
        submit(world, "b1", "SELECT 1", budget=DailyBudget(definition="fees", runs_per_day=2, runs=1))

    with pytest.raises(NotFound):
        world.rt.ledger.batch("b1")
    assert on(world, today.date()) == 0


def test_a_new_batch_is_accepted_though_its_lane_cannot_be_reconciled_yet(world: World) -> None:
    sent = world.destination.parent / "ledger" / "sent"
    sent.mkdir(parents=True)
    (sent / f"{datetime.now(UTC):%Y%m%dT%H%MZ}-node.json").write_text("{")

    assert submit(world, "b1", "SELECT 1").id == "b1"

    assert world.view.flow(LANE, "b1")
    assert world.reconciliation.unreconciled(), "what may be alive is not known"
    world.rt.redis.flushall()
    with pytest.raises(BadRecord):
        submit(world, "b1", "SELECT 1")
