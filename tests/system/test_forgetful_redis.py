"""A Redis that is emptied, or put back to what it was, under workers: the cap holds, and what was confirmed."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from forebay.config.standing import FlowClass, StandingChange
from forebay.governor.contract import LaneLimits
from forebay.scheduler.batches.steering import LaneSteering
from forebay.store.ledger.records import Item
from tests.servers.processes import start_worker, stop, wait_until, workers
from tests.servers.valkey import RestartedValkey
from tests.system.deployment import Deployment, queries, unhurried

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

#: Ours; Stripe would let us have 100.
CAP = 20
LANE = "default:test"


@pytest.fixture
def valkey_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "valkey"
    folder.mkdir()
    return folder


@pytest.fixture
def server(valkey_folder: Path) -> Iterator[RestartedValkey]:
    with RestartedValkey(valkey_folder) as server:
        yield server


@pytest.fixture
def deployment(server: RestartedValkey, tmp_path: Path) -> Iterator[Deployment]:
    yield from unhurried("--duration", "fixed:3", redis_url=server.url, folder=tmp_path, cap=CAP)


def of(name: str, count: int) -> list[Item]:
    return [Item(name=f"q{n}", sql=f"SELECT {n} AS n -- {name}", account=None) for n in range(count)]


def begun(deployment: Deployment, name: str) -> int:
    """Counts the QueryRuns of the batch of this name."""
    runs = httpx.get(f"{deployment.stripe_url}/sandbox/runs?limit=1000").json()["data"]
    asked = {hashlib.sha256(item.sql.encode()).hexdigest() for item in of(name, 60)}
    return sum(run["sql_sha256"] in asked for run in runs)


def alive(deployment: Deployment) -> int:
    count: int = deployment.counts()["totals"]["alive"]
    return count


@pytest.mark.parametrize("workers_die", [False, True])
def test_a_cap_of_our_own_holds_when_redis_is_emptied_while_all_slots_are_busy(
    deployment: Deployment, workers_die: bool
) -> None:
    count = 50
    with workers([deployment.logs / "w1.log"], deployment.env) as running:
        batch = deployment.submit(queries(count))
        wait_until(lambda: deployment.progress(batch).landed > 0 and alive(deployment) >= CAP - 2, "busy slots")
        if workers_die:
            running[0].kill()
            running[0].wait()
        deployment.redis.flushall()
        with workers([deployment.logs / "w2.log"] if workers_die else [], deployment.env):
            wait_until(lambda: deployment.progress(batch).known, "the batch to come back by itself")
            progress = deployment.wait_until_done(batch, deadline_s=90)

    assert (progress.landed, progress.failed) == (count, 0)
    counts = deployment.counts()
    assert counts["totals"]["runs"] == count
    assert counts["idempotency"]["max_executions_per_key"] == 1
    assert counts["idempotency"]["replays"] > 0, "what was alive was found again by its key"
    assert CAP - 2 <= deployment.peak_alive() <= CAP
    deployment.reconciler.all()
    assert deployment.ledger.open_marks.all() == {}, "it is settled"


def test_what_was_confirmed_in_the_moments_that_redis_forgets_is_in_force_again(
    deployment: Deployment, server: RestartedValkey, valkey_folder: Path, tmp_path: Path
) -> None:
    worker = start_worker(tmp_path / "w.log", deployment.env)
    try:
        canceled, paused, changed = (deployment.submit(of(name, 60)) for name in ("canceled", "paused", "changed"))
        wait_until(lambda: alive(deployment) >= CAP - 2, "busy slots")
        shutil.copytree(valkey_folder, tmp_path / "copy")
        deployment.steering.cancel(canceled.id)
        deployment.steering.pause(paused.id, "not now")
        deployment.steering.change(changed.id, StandingChange(flow_class=FlowClass.BACKFILL))
        late = deployment.submit(of("late", 5))
        LaneSteering(deployment.ledger, deployment.redis).limit(LANE, LaneLimits(cap=10))
        created = begun(deployment, "canceled"), begun(deployment, "paused")
        server.kill()
        shutil.rmtree(valkey_folder)
        shutil.copytree(tmp_path / "copy", valkey_folder)
        server.start()

        view = deployment.reader.view
        wait_until(lambda: view.lane(LANE).unreconciled is None, "the lane to be reconciled")
        flows = {batch.id: view.flow(LANE, batch.id) for batch in (canceled, paused, changed, late)}
        progress = deployment.wait_until_done(late, deadline_s=120)
    finally:
        stop(worker)

    assert (progress.landed, view.lane(LANE).cap) == (5, 10)
    assert [flow is not None for flow in flows.values()] == [True] * 4
    of_canceled, of_paused, of_changed = flows[canceled.id], flows[paused.id], flows[changed.id]
    assert of_canceled and of_canceled.canceling
    assert of_paused and of_paused.paused and of_paused.paused.reason == "not now"
    assert of_changed and of_changed.standing.flow_class is FlowClass.BACKFILL
    assert deployment.peak_alive() <= CAP
    assert deployment.counts()["idempotency"]["max_executions_per_key"] == 1
    assert created[0] > 0
    assert created == (begun(deployment, "canceled"), begun(deployment, "paused"))
