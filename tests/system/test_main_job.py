"""The main job through real processes: 300 queries, a cap of 20, two workers, and the sandbox as the judge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forebay.store.ledger.records import Batch
from tests.servers.processes import stop, wait_until, workers
from tests.system.deployment import KEY, Deployment, everything_in, monitored, queries, unhurried

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

CAP = 20
QUERIES = 300


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    options = ("--cap", str(CAP), "--duration", "lognormal:1.0,0.4")
    yield from unhurried(*options, redis_url=valkey_url, folder=tmp_path, cap=CAP, per_s=200)


def test_three_hundred_queries_fill_the_cap_and_never_pass_it_and_no_secret_travels(deployment: Deployment) -> None:
    logs = [deployment.logs / "w1.log", deployment.logs / "w2.log"]
    with monitored(deployment.env["FOREBAY_REDIS_URL"]) as said, workers(logs, deployment.env):
        batch = deployment.submit(queries(QUERIES))
        progress = deployment.wait_until_done(batch)

    assert (progress.landed, progress.failed) == (QUERIES, 0)
    assert deployment.peak_alive() == CAP
    assert_each_query_ran_once(deployment, QUERIES)
    assert_landed_equal_what_stripe_computed(deployment, batch)
    assert deployment.redis.zcard("fb:{default:test}:slots") == 0

    assert any("EVALSHA" in command for command in said), "the monitor heard nothing"
    for secret in (KEY, "sig=", "/files/"):
        assert secret not in "".join(said), "a message or a Redis command held a secret"
        assert secret not in everything_in(deployment.redis)
        assert secret not in "".join(log.read_text() for log in logs)
    assert deployment.counts()["downloads_with_api_key"] == 0


def test_a_worker_killed_halfway_loses_nothing_and_doubles_nothing(deployment: Deployment) -> None:
    logs = [deployment.logs / "w1.log", deployment.logs / "w2.log"]
    with workers(logs, deployment.env) as (first, _):
        batch = deployment.submit(queries(QUERIES))
        wait_until(lambda: deployment.progress(batch).landed >= QUERIES // 2, "half of the batch")
        first.kill()
        progress = deployment.wait_until_done(batch, deadline_s=200)

    assert (progress.landed, progress.failed) == (QUERIES, 0)
    # One slot of the killed worker's may be empty for as long as it takes to fill them.
    assert CAP - 1 <= deployment.peak_alive() <= CAP
    assert_each_query_ran_once(deployment, QUERIES)
    assert_landed_equal_what_stripe_computed(deployment, batch)


def test_both_workers_stopped_and_started_again_go_on_where_they_were(deployment: Deployment) -> None:
    with workers([deployment.logs / "w1.log"], deployment.env) as (only,):
        batch = deployment.submit(queries(60))
        wait_until(lambda: deployment.progress(batch).landed >= 20, "a third of the batch")
        stop(only)
        assert only.returncode == 0, "a worker that is asked to stop stops cleanly"
    with workers([deployment.logs / "w2.log"], deployment.env):
        progress = deployment.wait_until_done(batch)

    assert (progress.landed, progress.failed) == (60, 0)
    assert_each_query_ran_once(deployment, 60)


def assert_each_query_ran_once(deployment: Deployment, count: int) -> None:
    counts = deployment.counts()
    assert counts["totals"]["runs"] == count
    assert counts["idempotency"]["max_executions_per_key"] == 1


def assert_landed_equal_what_stripe_computed(deployment: Deployment, batch: Batch) -> None:
    manifests = deployment.manifests(batch)
    store = deployment.store(deployment.destination)
    assert len(manifests) == batch.size
    for name, manifest in manifests.items():
        landed = store.get(manifest["object"]["key"])
        assert landed == deployment.sandbox_csv(manifest["query_run"]), f"{name} landed other bytes than were computed"
