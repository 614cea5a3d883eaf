"""What survives: a Redis that forgets everything, a Stripe that answers badly, replies that are lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from forebay.governor.keys import BELL
from forebay.store.ledger.records import Batch, Item
from tests.servers.processes import wait_until, workers
from tests.system.deployment import Deployment, queries, unhurried

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

CAP = 8


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    options = ("--cap", str(CAP), "--duration", "fixed:0.4")
    yield from unhurried(*options, redis_url=valkey_url, folder=tmp_path, cap=CAP)


def faults(deployment: Deployment, *chosen: dict[str, object]) -> None:
    """Makes the sandbox go wrong from now on."""
    answer = httpx.post(f"{deployment.stripe_url}/sandbox/control", json={"faults": list(chosen)})
    answer.raise_for_status()


def assert_all_landed_whole(deployment: Deployment, batch: Batch, count: int) -> None:
    manifests = deployment.manifests(batch)
    assert len(manifests) == count
    store = deployment.store(deployment.destination)
    for manifest in manifests.values():
        assert store.get(manifest["object"]["key"]) == deployment.sandbox_csv(manifest["query_run"])


def test_a_redis_that_forgets_everything_halfway_costs_no_query_a_second_run(deployment: Deployment) -> None:
    count = 60
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit(queries(count))
        wait_until(lambda: deployment.progress(batch).landed >= count // 3, "a third of the batch")
        deployment.redis.flushall()

        restored = deployment.reconciler.all().restored
        progress = deployment.wait_until_done(batch)

    assert [flow.size for flow in restored] == [count]
    assert restored[0].landed >= count // 3
    assert (progress.landed, progress.failed) == (count, 0)
    assert_all_landed_whole(deployment, batch, count)
    counts = deployment.counts()
    assert counts["totals"]["runs"] == count
    assert counts["idempotency"]["max_executions_per_key"] == 1
    assert counts["idempotency"]["replays"] > 0, "what was alive was found again by its key"


def test_lost_replies_and_bad_answers_cost_time_and_nothing_else(deployment: Deployment) -> None:
    faults(
        deployment,
        {"name": "drop_reply", "operation": "create", "times": 5},
        {"name": "drop_request", "operation": "create", "times": 2},
        {"name": "error_after", "operation": "create", "times": 3},
        {"name": "server_error", "operation": "retrieve", "times": 5},
        {"name": "cap_reached", "operation": "create", "times": 2},
        {"name": "rate_limited", "operation": "retrieve", "reason": "endpoint-rate", "times": 2},
        {"name": "truncated", "times": 2},
        {"name": "reset", "times": 2},
        {"name": "short_body", "times": 1},
        {"name": "corrupt_byte", "times": 2},
        {"name": "wrong_size", "times": 1},
        {"name": "url_expired", "times": 2},
        {"name": "download_error", "times": 2},
    )
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit(queries(40))
        progress = deployment.wait_until_done(batch, deadline_s=120)

    assert (progress.landed, progress.failed) == (40, 0)
    assert_all_landed_whole(deployment, batch, 40)
    counts = deployment.counts()
    assert counts["idempotency"]["max_executions_per_key"] == 1
    assert counts["totals"]["runs"] == 40
    assert deployment.peak_alive() <= CAP
    struck = counts["faults_struck"]
    assert sum(struck.values()) >= 25, f"the faults did not strike: {struck}"


def test_what_fails_says_why_and_can_be_retried_alone(deployment: Deployment) -> None:
    items = [
        *queries(5),
        Item(name="typo", sql="SELEC 1", account=None),
        Item(name="engine", sql="SELECT 1 AS n -- sandbox: fail=internal_error", account=None),
    ]
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit(items)
        progress = deployment.wait_until_done(batch)
        failures = dict(deployment.ledger.failures(batch.id, "default:test"))
        report = deployment.retrier.retry(batch.id)
        again = deployment.wait_until_done(batch)

    assert (progress.landed, progress.failed) == (5, 2)
    # The engine's internal error came twice in the same words, which makes it the query's own.
    assert [(failure.error_class, failure.attempt) for failure in failures.values()] == [("sql", 0), ("sql", 1)]
    assert (report.retried, report.landings) == (2, 0)
    assert (again.landed, again.failed) == (5, 2)
    assert not list((deployment.logs / "out" / batch.id).glob("typo*"))


def test_a_landing_that_failed_is_retried_without_running_the_query_again(deployment: Deployment) -> None:
    faults(deployment, {"name": "url_expired"})
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit(queries(1))
        key = f"fb:{{default:test}}:run:{batch.id}/0"

        def hurry() -> bool:
            # Eight tries take minutes of backing off: let each be due at once.
            if deployment.redis.hget(key, "trouble"):
                deployment.redis.zadd("fb:{default:test}:due:download", {f"{batch.id}/0": 0}, xx=True)
                deployment.redis.hset("fb:{default:test}:cfg", "download_quiet_until", 0)
                deployment.redis.publish(BELL, "download 0 default:test")
            return deployment.progress(batch).failed == 1

        wait_until(hurry, "the landing to be given up")
        faults(deployment)
        report = deployment.retrier.retry(batch.id)
        progress = deployment.wait_until_done(batch)

    assert (report.retried, report.landings) == (1, 1)
    assert (progress.landed, progress.failed) == (1, 0)
    assert deployment.counts()["totals"]["runs"] == 1
    assert_all_landed_whole(deployment, batch, 1)


def test_a_canceled_batch_lands_nothing_more_and_frees_its_slots(deployment: Deployment) -> None:
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit(queries(200))
        wait_until(lambda: deployment.progress(batch).landed >= 8, "the first results")
        report = deployment.steering.cancel(batch.id)
        progress = deployment.wait_until_done(batch)

    assert report.dropped > 100
    assert progress.landed + progress.canceled == 200
    assert deployment.redis.zcard("fb:{default:test}:slots") == 0
    assert deployment.counts()["totals"]["alive"] == 0
    assert len(deployment.manifests(batch)) == progress.landed
    assert json.loads((deployment.logs / "ledger" / "batches" / batch.id / "canceled.json").read_text())
