"""What only the newer generation of Stripe's API can show, through real workers: each thing once, and no run twice."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from forebay.config.stripe import Api
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.store.ledger.records import BatchTerms, Item
from tests.servers.processes import wait_until, workers
from tests.system.deployment import Deployment, unhurried

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


CAP = 4


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    yield from unhurried("--duration", "fixed:0.3", redis_url=valkey_url, folder=tmp_path, cap=CAP, FOREBAY_API="data")


def faults(deployment: Deployment, *faults: dict[str, object]) -> None:
    control = {"faults": list(faults)}
    httpx.post(f"{deployment.stripe_url}/sandbox/control", json=control).raise_for_status()


def created(deployment: Deployment) -> int:
    return sum(scope["created"] for scope in deployment.counts()["scopes"].values())


def test_batches_of_both_generations_share_one_lane_and_its_cap(deployment: Deployment) -> None:
    connection, size = deployment.config.connection(), 12
    batches = []
    for api in Api:
        items = [Item(name=f"q{number}", sql=f"SELECT {number} AS n", account=None) for number in range(size)]
        terms = BatchTerms(id=f"by-{api}", output=deployment.destination, source="a test")
        new = NewBatch(terms=terms, connection=connection.asked_by(api), items=items)
        batches.append(deployment.submitter.submit(new))
    with workers([deployment.logs / "w.log"], deployment.env):
        assert [deployment.wait_until_done(batch).landed for batch in batches] == [size, size]

    assert {flow.lane for batch in batches for flow in batch.flows} == {connection.lane()}
    (scope,) = deployment.counts()["scopes"].values()
    assert (scope["created"], scope["overshoot_attempts"]) == (2 * size, 0)
    assert 2 <= scope["peak_alive"] <= CAP
    made = [manifest["query_run"] for batch in batches for manifest in deployment.manifests(batch).values()]
    assert {run.partition("_")[0] for run in made} == {"qryrun", "qrun"}


def test_a_canceled_run_fails_by_itself_and_the_others_land(deployment: Deployment) -> None:
    items = [
        Item(name="kept", sql="SELECT 1 AS n", account=None),
        Item(name="canceled", sql="SELECT 2 AS n -- sandbox: cancel", account=None),
    ]
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit(items)
        progress = deployment.wait_until_done(batch)

    assert (progress.landed, progress.failed) == (1, 1)
    (flow,) = batch.flows
    failure = deployment.ledger.failure(batch.id, flow.lane, 1)
    assert failure and failure.error_class == "canceled_at_stripe"
    assert failure.query_run and failure.query_run.startswith("qrun_")
    assert created(deployment) == 2, "what somebody ended is not run again by itself"
    assert View(deployment.redis).lane(flow.lane).held == 0


def test_a_status_that_nobody_knows_holds_its_slot_until_it_is_one_that_is_known(deployment: Deployment) -> None:
    faults(deployment, {"name": "odd_status", "operation": "retrieve", "times": 2})
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit([Item(name="q", sql="SELECT 1 AS n", account=None)])
        assert deployment.wait_until_done(batch).landed == 1

    assert created(deployment) == 1


def test_other_records_than_were_counted_land_once_both_agree(deployment: Deployment) -> None:
    faults(deployment, {"name": "wrong_row_count", "operation": "retrieve", "times": 1})
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit([Item(name="q", sql="SELECT 1 AS n", account=None)])
        assert deployment.wait_until_done(batch).landed == 1

    assert deployment.manifests(batch)["q"]["csv"]["records"] == 1
    assert created(deployment) == 1
    assert "Stripe counted 2 records in the result, and 1 came" in (deployment.logs / "w.log").read_text()


def test_records_that_never_agree_never_land(deployment: Deployment) -> None:
    faults(deployment, {"name": "wrong_row_count", "operation": "retrieve"})
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit([Item(name="q", sql="SELECT 1 AS n", account=None)])

        def trouble() -> str | None:
            run = View(deployment.redis).run(batch.flows[0].lane, batch.id, 0)
            return run.trouble if run else None

        wait_until(lambda: "Stripe counted 2 records in the result, and 1 came" in (trouble() or ""), "its cause")

    assert View(deployment.redis).states(batch.flows[0].lane, batch.id, 0, 1) == [RunState.READY]
    assert not list(Path(deployment.destination).rglob("*.csv"))
    assert created(deployment) == 1


def test_a_type_of_a_column_that_nobody_knows_is_told_as_it_is_and_stored_as_text(deployment: Deployment) -> None:
    faults(deployment, {"name": "odd_column_type", "operation": "retrieve"})
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit([Item(name="q", sql="SELECT 1 AS n, 'a' AS t", account=None)])
        assert deployment.wait_until_done(batch).landed == 1

    told = deployment.manifests(batch)["q"]["told_columns"]
    assert told == [{"name": "n", "type": "geometry"}, {"name": "t", "type": "varchar"}], json.dumps(told)
