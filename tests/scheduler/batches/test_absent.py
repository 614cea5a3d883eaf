"""What the ledger expects of a batch, and is not there, is missing; not so what failed, or may still come."""

from datetime import UTC, datetime

from forebay.landing.result_paths import place_stem
from forebay.scheduler.batches.absent import Absent, absent
from forebay.store.key_rules import segment
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import Batch, FailureRecord, Item
from forebay.store.local import LocalStore
from tests.landing.verifying.trees import land
from tests.worker.conftest import BATCH, LANE, World

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def batch_of(world: World, landed: int, of: int) -> tuple[Batch, LocalStore]:
    world.open(of)
    batch, store = world.rt.ledger.batch(BATCH), LocalStore(world.destination)
    for item in list(world.rt.ledger.items(BATCH, LANE))[:landed]:
        land(store, place_stem(batch, item))
    return batch, store


def settle(world: World) -> None:
    """Nothing is left to do of it, as far as the ledger knows."""
    folder = segment(BATCH)
    world.rt.ledger.open_marks.remove(folder, world.rt.ledger.open_marks.all(folder)[folder])


def test_of_a_batch_that_is_over_what_is_not_there_is_missing(world: World) -> None:
    batch, store = batch_of(world, landed=2, of=4)
    settle(world)
    assert absent(world.rt.ledger, store, batch) == Absent(missing=(f"{BATCH}/q2", f"{BATCH}/q3"))


def test_of_a_batch_that_may_go_on_nobody_knows(world: World) -> None:
    batch, store = batch_of(world, landed=2, of=4)
    assert absent(world.rt.ledger, store, batch) == Absent(open=2)


def test_of_a_canceled_batch_nobody_knows(world: World) -> None:
    batch, store = batch_of(world, landed=2, of=4)
    world.rt.ledger.record_cancel(BATCH, NOW)
    settle(world)
    assert absent(world.rt.ledger, store, batch) == Absent(open=2)


def test_what_failed_is_not_missing_until_somebody_takes_it_up_again(world: World) -> None:
    batch, store = batch_of(world, landed=2, of=3)
    settle(world)
    failure = FailureRecord(
        attempt=0, error_class=FailureClass.SQL, code=None, message="no", query_run=None, request_id=None, at=NOW
    )
    world.rt.ledger.record_failure(BATCH, LANE, 2, failure)
    assert absent(world.rt.ledger, store, batch) == Absent(failed=1)
    world.rt.ledger.retry_failure(BATCH, LANE, 2, failure)
    assert absent(world.rt.ledger, store, batch) == Absent(missing=(f"{BATCH}/q2",))


def test_what_landed_in_parts_is_there(world: World) -> None:
    batch, store = batch_of(world, landed=0, of=1)
    settle(world)
    land(store, f"{BATCH}/q0.part-01")
    assert absent(world.rt.ledger, store, batch) == Absent()


def test_what_is_only_called_like_a_part_is_none(world: World) -> None:
    world.submit([Item(name=name, sql="SELECT 1", account=None) for name in ("fees", "fees.part-time")])
    settle(world)
    batch, store = world.rt.ledger.batch(BATCH), LocalStore(world.destination)
    land(store, f"{BATCH}/fees.part-time")
    assert absent(world.rt.ledger, store, batch) == Absent(missing=(f"{BATCH}/fees",))
