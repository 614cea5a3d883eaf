"""Whatever Redis forgets, what was confirmed to people is in force again, and what may be alive holds its slot."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.keys import BATCHES, CLOSING
from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.reconciling import NEVER_CAME, Beyond, Reconciler
from forebay.scheduler.batches.steering import Steering
from forebay.store.errors import Denied
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.ledger.sent_records import SentMinute
from forebay.store.local import LocalStore
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal


def note_sent(world: World, *runs: tuple[int, int], batch: str = BATCH) -> None:
    """Notes as a worker does before it sends."""
    world.rt.ledger.sent.write(datetime.now(UTC), f"node-{batch}", SentMinute({LANE: {batch: list(runs)}}))


def slots(world: World) -> list[str]:
    return world.rt.redis.zrange(world.governor.keys.slots, 0, -1)  # type: ignore[return-value]


class Counted(LocalStore):
    """A store that counts what is asked of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lists = self.gets = self.writes = 0

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        self.lists += 1
        return super().list(prefix, after)

    def get(self, key: str) -> bytes:
        self.gets += 1
        return super().get(key)

    def put(self, key: str, data: bytes) -> None:
        self.writes += 1
        super().put(key, data)


def counted(world: World) -> tuple[Counted, Reconciler]:
    store = Counted(world.destination.parent / "ledger")
    return store, Reconciler(Ledger(store), world.rt.redis, world.rt.config, world.rt.open_store)


class TestAnEmptyRedis:
    def test_gets_its_batches_back_and_grants_what_may_be_alive_before_all_else(self, world: World) -> None:
        world.open(6)
        note_sent(world, (3, 0), (4, 0), (5, 0))
        world.rt.redis.flushall()

        reconciled = world.reconciler.all()

        assert [flow.waiting for flow in reconciled.restored] == [6]
        assert reconciled.adopted == 3
        cap = world.rt.config.connection().cap
        assert cap < 3
        assert slots(world) == [f"{BATCH}/{index}" for index in (3, 4, 5)], "no more than these, though the cap is less"
        assert world.reconciliation.unreconciled() is None
        assert [batch for batch, _ in RecentBatches(world.rt.redis).newest()] == [BATCH]

    @pytest.mark.parametrize("back_first", [False, True])
    def test_is_reconciled_by_who_cancels_and_tells_as_held_what_stripe_may_have_been_asked_for(
        self, world: World, back_first: bool
    ) -> None:
        world.open(6)
        note_sent(world, (3, 0), (4, 0), (5, 0))
        world.rt.redis.flushall()
        if back_first:
            world.reconciler.all()

        report = Steering(world.rt.ledger, world.rt.redis, world.reconciler).cancel(BATCH)

        assert (report.dropped, report.held) == (3, 3)
        assert slots(world) == [f"{BATCH}/{index}" for index in (3, 4, 5)]

    def test_is_reconciled_by_whoever_submits_next(self, world: World) -> None:
        world.open(3)
        note_sent(world, (0, 0), (1, 0))
        world.rt.redis.flushall()

        world.open(3, "b2")

        assert sorted(slots(world)) == [f"{BATCH}/0", f"{BATCH}/1"]
        assert world.view.flow(LANE, "b2")

    def test_does_not_take_a_batch_that_is_submitted_again_for_a_new_one(self, world: World) -> None:
        world.open(3)
        world.steering.cancel(BATCH)
        world.rt.redis.flushall()

        world.open(3)

        flow = world.view.flow(LANE, BATCH)
        assert flow and flow.canceling
        assert slots(world) == []

    def test_a_run_whose_end_is_known_is_not_alive_and_one_that_was_retried_is_of_its_attempt(
        self, world: World
    ) -> None:
        world.open(2)
        world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), refusal(400, "query_run_invalid_sql"))
        world.retrier.retry(BATCH)
        world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())
        note_sent(world, (0, 0), (1, 0), (0, 1), (1, 1))
        failed = [index for index in (0, 1) if world.state(index) is RunState.FAILED]
        world.rt.redis.flushall()

        assert world.reconciler.all().adopted == 1

        (other,) = {0, 1} - set(failed)
        run = world.view.run(LANE, BATCH, other)
        assert run and run.attempt == 1

    def test_old_notes_hold_no_slots(self, world: World) -> None:
        world.open(3)
        world.rt.ledger.sent.write(
            datetime.now(UTC) - timedelta(minutes=110), "node", SentMinute({LANE: {BATCH: [(2, 0)]}})
        )
        world.rt.redis.flushall()

        assert world.reconciler.all().adopted == 0

    def test_is_looked_at_again_if_it_is_emptied_once_more_meanwhile(self, world: World) -> None:
        world.open(3)
        world.rt.redis.flushall()
        emptied: list[bool] = []

        def open_store(url: str) -> Store:
            if not emptied:
                emptied.append(True)
                world.rt.redis.flushall()
            return world.rt.open_store(url)

        reconciler = Reconciler(world.rt.ledger, world.rt.redis, world.rt.config, open_store)
        reconciler.all()
        assert slots(world) == [], "another Redis than the one with which it began"
        reconciler.all()
        assert len(slots(world)) == world.rt.config.connection().cap


class TestACancelInTheMiddle:
    @pytest.mark.parametrize("lane_waits", [True, False])
    def test_of_a_restoring_is_not_undone(self, world: World, lane_waits: bool) -> None:
        world.open(1, "other")
        items = [(LANE, Item(name=f"q{number}", sql="SELECT 1", account=None)) for number in range(50)]
        terms = BatchTerms(id=BATCH, output=str(world.destination), source="who died before it could be opened")
        world.rt.ledger.write_batch(terms, items, connection="default", created_at=datetime.now(UTC))
        if lane_waits:
            world.rt.redis.flushall()

        def open_store(url: str) -> Store:
            world.steering.cancel(BATCH)  # between the reading and the restoring
            return world.rt.open_store(url)

        assert Reconciler(world.rt.ledger, world.rt.redis, world.rt.config, open_store).all().problems == {}

        flow = world.view.flow(LANE, BATCH)
        assert flow and flow.canceling
        assert slots(world) == ["other/0"]
        assert world.rt.redis.hget(world.governor.keys.flow(BATCH), "tag") == "0", "none of it ever was"


class TestOneBrokenBatch:
    def test_is_named_and_the_others_come_back(self, world: World) -> None:
        for batch in ("b0", BATCH, "b2"):
            world.open(1, batch)
        path = world.destination.parent / "ledger" / "batches" / BATCH / "batch.json"
        path.write_text('{"format": 99}')
        world.rt.redis.flushall()
        store, reconciler = counted(world)

        reconciled = reconciler.all()

        assert [flow.batch_id for flow in reconciled.restored] == ["b0", "b2"]
        assert list(reconciled.problems) == [BATCH]
        assert "format 99" in reconciled.problems[BATCH]
        assert len(slots(world)) == 2, "the lane goes on"
        assert store.gets

    def test_holds_its_lane_as_long_as_runs_of_it_may_be_alive(self, world: World) -> None:
        world.open(1)
        world.open(1, "b2")
        note_sent(world, (0, 0))
        world.rt.redis.flushall()

        refusals = [Denied("no right to read the destination")]

        def open_store(url: str) -> Store:
            if refusals:
                raise refusals.pop()
            return world.rt.open_store(url)

        refused = Reconciler(world.rt.ledger, world.rt.redis, world.rt.config, open_store).all()
        assert (list(refused.problems), slots(world)) == ([BATCH, LANE], [])
        assert [flow.batch_id for flow in refused.restored] == ["b2"]

        assert world.reconciler.all().problems == {}
        assert sorted(slots(world)) == [f"{BATCH}/0", "b2/0"]

    def test_with_a_connection_that_this_process_does_not_know_is_named(self, world: World) -> None:
        world.open(1)
        world.rt.redis.flushall()
        config = replace(world.rt.config, connections={})

        reconciled = Reconciler(world.rt.ledger, world.rt.redis, config, world.rt.open_store).all()

        assert list(reconciled.problems) == [BATCH]


@pytest.mark.parametrize("who", ["whoever tends", "who gives the command again"])
def test_a_batch_that_was_opened_by_halves_is_found_again(world: World, who: str) -> None:
    """Its submitter died once its runs waited; `doctor` would say that Redis does not know it."""
    policy = Policy(definition="d", kind="batch", spec_sha256="0")
    batch = world.submit([Item(name="q0", sql="SELECT 0", account=None)], policy=policy)
    world.rt.redis.delete(BATCHES, CLOSING)

    _, another = counted(world)
    if who == "whoever tends":
        another.all()
    else:
        assert another.bring_back(batch) == []

    assert RecentBatches(world.rt.redis).unknown([BATCH]) == []
    assert ClosingQueue(world.rt.redis).all() == [BATCH]


class TestMarks:
    def test_go_once_a_batch_is_settled_and_come_again_with_a_retry(self, world: World) -> None:
        world.open(1)
        world.reconciler.all()
        assert set(world.rt.ledger.open_marks.all()) == {BATCH}
        world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"))

        world.reconciler.all()
        assert world.rt.ledger.open_marks.all() == {}

        world.retrier.retry(BATCH)
        assert set(world.rt.ledger.open_marks.all()) == {BATCH}
        world.reconciler.all()
        assert set(world.rt.ledger.open_marks.all()) == {BATCH}

    def test_of_a_batch_of_the_spec_stay_until_it_is_closed(self, world: World) -> None:
        world.submit([], policy=Policy(definition="d", kind="batch", spec_sha256="0"))
        ClosingQueue(world.rt.redis).remove(BATCH, 0)

        world.reconciler.all()

        assert set(world.rt.ledger.open_marks.all()) == {BATCH}
        assert ClosingQueue(world.rt.redis).all() == [BATCH], "somebody closes it"

    def test_without_a_batch_are_swept_when_no_submit_can_be_under_way(self, world: World) -> None:
        now = datetime.now(UTC)
        world.rt.ledger.open_marks.accept("being-written", now)
        world.rt.ledger.open_marks.accept("never-came", now - NEVER_CAME - timedelta(minutes=1))

        world.reconciler.all()

        assert set(world.rt.ledger.open_marks.all()) == {"being-written"}

    def test_are_made_by_hand_for_batches_that_are_older_than_marks(self, world: World) -> None:
        world.open(2)
        world.rt.ledger.open_marks.remove(BATCH, world.rt.ledger.open_marks.all()[BATCH])
        world.rt.redis.flushall()
        assert world.reconciler.all().restored == []

        assert [flow.waiting for flow in world.reconciler.all(beyond=Beyond.ALL).restored] == [2]

        world.reconciler.all()
        assert set(world.rt.ledger.open_marks.all()) == {BATCH}


def test_items_that_an_older_release_left_of_no_batch_go_a_day_after_all_was_gone_through(world: World) -> None:
    world.open(1)
    store, reconciler = counted(world)
    store.put("batches/left/acme%3Alive/items-000000-0a1b2c3d.ndjson.gz", b"")
    later = datetime.now(UTC) + timedelta(hours=25)

    reconciler.all()
    assert world.rt.ledger.sweep(later) == 0, "who tends lists no folders"
    reconciler.all(beyond=Beyond.ALL)

    assert world.rt.ledger.sweep(later) == 1
    assert not list(store.list("batches/left/"))


class TestWhatItCosts:
    def test_is_one_list_a_round_where_nothing_is_open_and_where_all_is_known(self, world: World) -> None:
        store, reconciler = counted(world)
        for _ in range(60):
            reconciler.all()
        assert (store.lists, store.gets, store.writes) == (60, 0, 0), "an idle hour"

        for number in range(20):
            world.open(1, f"b{number}")
        reconciler.all()  # gets to know them
        store.lists = store.gets = store.writes = 0
        for _ in range(60):
            reconciler.all()
        assert (store.lists, store.gets, store.writes) == (60, 0, 0), "an hour of twenty open batches"

    def test_of_a_lane_that_waits_for_nothing_is_nothing(self, world: World) -> None:
        world.open(1)
        store, reconciler = counted(world)

        reconciler.lanes([LANE])

        assert (store.lists, store.gets) == (0, 0)

    def test_of_a_new_lane_of_a_new_ledger_is_five_lists(self, world: World) -> None:
        store, reconciler = counted(world)
        world.governor.configure(LaneLimits(cap=1, creates_per_s=1, retrieves_per_s=1, requests_per_s=1))

        reconciler.lanes([LANE])

        assert (store.lists, store.gets) == (5, 0)

    def test_of_a_batch_that_is_too_old_is_told_once(self, world: World, today: datetime) -> None:
        world.open(2)
        path = world.destination.parent / "ledger" / "batches" / BATCH / "batch.json"
        path.write_text(path.read_text().replace(f"{today:%Y-%m-%d}", "2026-01-01"))
        world.rt.redis.flushall()
        store, reconciler = counted(world)

        assert [flow.too_old for flow in reconciler.all().restored] == [True]
        store.gets = 0
        assert reconciler.all().restored == []
        assert store.gets == 0
