"""A Redis that lost everything gets its batches back from the ledger and the manifests."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from forebay.governor.states import RunState, Step
from forebay.landing.manifest import CsvPart, Manifest, ObjectPart, write_manifest
from forebay.landing.result_paths import object_stem
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.restoring import Restored
from forebay.scheduler.batches.sharing import Sharing
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from tests.worker.conftest import BATCH, LANE, World, query_run, refusal


def rebuild(world: World) -> list[Restored]:
    return world.reconciler.all().restored


def land(world: World, index: int) -> None:
    """Leaves behind what the download step leaves behind, last of all, before it tells Redis."""
    sha256 = hashlib.sha256(b"n\n1\n").hexdigest()
    stem = object_stem(BATCH, None, f"q{index}")
    manifest = Manifest(
        batch=BATCH,
        lane=LANE,
        run=f"{BATCH}/{index}",
        name=f"q{index}",
        account=None,
        attempt=0,
        query_run="qryrun_1",
        sql_sha256=sha256,
        object=ObjectPart(key=f"{stem}.csv", url="file:///x", format="csv", bytes=4, sha256=sha256),
        csv=CsvPart(bytes=4, sha256=sha256, records=1, columns=("n",)),
        compress=True,
        submitted_at=None,
        ended_at=None,
        landed_at=datetime.now(UTC),
        livemode=False,
        api_version="2026-04-22.preview",
        request_ids=(),
    )
    write_manifest(world.rt.store(str(world.destination)), stem, manifest)


def states(world: World, size: int) -> list[str]:
    return [state.value for state in world.view.states(LANE, BATCH, 0, size)]


def test_what_landed_and_what_failed_stays_so_and_the_rest_waits_in_its_order(world: World) -> None:
    world.open(6)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())
    land(world, 2)
    world.rt.redis.flushall()

    assert rebuild(world) == [Restored(batch_id=BATCH, lane=LANE, size=6, landed=1, failed=1, waiting=4)]

    assert states(world, 6) == ["failed", "granted", "landed", "granted", "waiting", "waiting"]
    flow = world.view.flow(LANE, BATCH)
    assert flow and (flow.landed, flow.failed, flow.held, flow.waiting) == (1, 1, 2, 2)
    assert (flow.stored_bytes, flow.records) == (4, 1)


def test_a_run_that_was_alive_replays_the_key_that_it_was_created_with(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, query_run())
    world.rt.redis.flushall()

    rebuild(world)
    world.step(Step.SUBMIT, query_run("succeeded"))

    first, replay = world.requests
    assert first.headers["Idempotency-Key"] == replay.headers["Idempotency-Key"]
    assert world.state() is RunState.READY


def test_a_retry_that_redis_forgot_goes_on_with_its_attempt(world: World) -> None:
    world.open(2)
    world.step(Step.SUBMIT, refusal(400, "query_run_invalid_sql"), query_run())
    world.retrier.retry(BATCH)
    world.rt.redis.flushall()

    rebuild(world)

    run = world.view.run(LANE, BATCH, 0)
    assert run and run.attempt == 1


def test_a_canceled_batch_stays_canceled(world: World) -> None:
    world.open(3)
    land(world, 1)
    world.steering.cancel(BATCH)
    world.rt.redis.flushall()

    rebuild(world)

    assert states(world, 3) == ["canceled", "landed", "canceled"]
    flow = world.view.flow(LANE, BATCH)
    assert flow and flow.done


@pytest.mark.parametrize("size", [1, 2, 7, 1001])
def test_a_batch_that_was_never_granted_is_a_cursor_again(world: World, size: int) -> None:
    world.open(size)
    world.rt.redis.flushall()

    rebuild(world)

    assert world.rt.redis.llen(world.governor.keys.requeued(BATCH)) == 0
    flow = world.view.flow(LANE, BATCH)
    assert flow and flow.waiting + flow.held == size


def test_a_flow_that_redis_knows_is_left_alone(world: World) -> None:
    world.open(3)
    world.step(Step.SUBMIT, query_run(), query_run(id="qryrun_2"))
    before = {key: world.rt.redis.dump(key) for key in world.rt.redis.scan_iter() if "run:" in key or "due" in key}

    assert rebuild(world) == []

    assert before == {key: world.rt.redis.dump(key) for key in before}


def test_a_batch_older_than_stripe_keeps_keys_is_left_alone_while_something_waits_in_it(world: World) -> None:
    world.open(2)
    land(world, 0)
    path = world.destination.parent / "ledger" / "batches" / BATCH / "batch.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "created_at": "2026-01-01T00:00:00+00:00"}))
    world.rt.redis.flushall()
    fresh = Reconciler(Ledger(LocalStore(path.parents[2])), world.rt.redis, world.rt.config, world.rt.open_store)

    (restored,) = fresh.all().restored

    assert restored.too_old
    assert world.view.flow(LANE, BATCH) is None


@pytest.mark.parametrize(("days", "too_old"), [(21, False), (23, True)])
def test_a_shared_run_is_bound_to_the_age_of_the_key_that_it_shares(world: World, days: int, too_old: bool) -> None:
    for batch in ("leader", BATCH):
        item = Item(name="q0", sql="SELECT 1", account=None)
        world.submit([item], batch, sharing=Sharing(max_age=timedelta(days=7)))
    created = {"leader": 28, BATCH: days}
    for batch, age in created.items():
        path = world.destination.parent / "ledger" / "batches" / batch / "batch.json"
        moment = datetime.now(UTC) - timedelta(days=age)
        path.write_text(json.dumps({**json.loads(path.read_text()), "created_at": moment.isoformat()}))
    world.rt.redis.flushall()
    ledger = Ledger(LocalStore(world.destination.parent / "ledger"))

    restored = Reconciler(ledger, world.rt.redis, world.rt.config, world.rt.open_store).all().restored

    assert {flow.batch_id: flow.too_old for flow in restored} == {BATCH: too_old, "leader": False}
