"""A manifest tells what landed, and where it came from."""

import hashlib
import json
from datetime import UTC, datetime

import forebay
from forebay.config.stripe import Api
from forebay.governor.states import RunState, Step
from forebay.store.ledger.batch_policy import Policy, Span
from forebay.store.ledger.records import Item
from tests.worker.conftest import BATCH, LANE, FileHost, World, query_run
from tests.worker.steps.conftest import manifest


def test_the_manifest_tells_what_landed_and_where_it_came_from(ready: World, file_host: FileHost) -> None:
    ready.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result(), created="2026-11-22T01:02:03.4Z"))

    read = manifest(ready)
    assert (read["batch"], read["name"], read["attempt"], read["query_run"]) == (BATCH, "q0", 0, "qryrun_1")
    assert read["csv"] == {**read["csv"], "bytes": 6, "records": 2, "columns": ["n"]}  # type: ignore[dict-item]
    assert read["ended_at"]
    assert (read["forebay"], read["connection"], read["definition"]) == (forebay.__version__, "default", None)
    assert (read["sql"], read["sql_sha256"]) == ("SELECT 0", hashlib.sha256(b"SELECT 0").hexdigest())
    assert (read["delivered_bytes"], read["delivered_sha256"]) == (
        len(file_host.body),
        hashlib.sha256(file_host.body).hexdigest(),
    )
    assert read["accepted_at"] and read["granted_at"]
    moments = [str(read[f"{step}_at"]) for step in ("ended", "fetched", "landed")]
    assert moments == sorted(moments), "however long the transfer took, the query had ended before"
    assert str(read["idempotency_key"]) == ready.requests[0].headers["idempotency-key"]
    flow = ready.view.flow(LANE, BATCH)
    assert flow
    assert (flow.landed, flow.stored_bytes, flow.records, flow.done) == (1, 6, 2, True)


def test_the_manifest_tells_what_the_newer_api_says_of_columns_and_data(world: World, file_host: FileHost) -> None:
    world.open(api=Api.DATA)
    world.step(Step.SUBMIT, query_run(id="qrun_1"))
    told = [{"name": "n", "type": "bigint"}]
    result = {**file_host.result(columns=told, content_type="csv"), "row_count": "2", "col_count": "1"}
    moment = "2026-11-22T01:02:03.123456789Z"
    world.step(Step.POLL, query_run("succeeded", id="qrun_1", result=result, refreshed_at=moment))

    read = manifest(world)
    assert (read["query_run"], read["api_version"]) == ("qrun_1", "2026-10-28.preview")
    assert (read["told_columns"], read["refreshed_at"]) == (told, "2026-11-22T01:02:03.123456Z")
    assert read["csv"] == {**read["csv"], "records": 2}  # type: ignore[dict-item]


def test_other_records_than_stripe_counted_do_not_land_and_run_nothing_again(world: World, file_host: FileHost) -> None:
    world.open(api=Api.DATA)
    world.step(Step.SUBMIT, query_run(id="qrun_1"))
    world.step(
        Step.POLL,
        query_run("succeeded", id="qrun_1", result={**file_host.result(content_type="csv"), "row_count": "3"}),
    )

    run = world.view.run(LANE, BATCH, 0)
    assert run and run.trouble == "Stripe counted 3 records in the result, and 2 came"
    assert world.state() is RunState.READY
    assert not list(world.destination.rglob("*.*"))
    assert len(world.requests) == 2


def test_the_manifest_of_an_extract_tells_its_window_its_spec_and_how_fresh_its_data_are(
    world: World, file_host: FileHost
) -> None:
    window = Span(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 2, tzinfo=UTC))
    loaded = datetime(2026, 11, 2, 3, tzinfo=UTC)
    asked = Policy(definition="fees", kind="extract", spec_sha256="ss", window=window, data_loaded_at=loaded)
    world.submit([Item(name="q0", sql="SELECT 0", account=None)], policy=asked)
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    read = manifest(world)
    assert (read["definition"], read["spec_sha256"]) == ("fees", "ss")
    assert read["window"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}
    assert read["data_loaded_at"] == "2026-11-02T03:00:00Z"


def test_the_manifest_tells_of_the_attempts_that_failed_before(world: World, file_host: FileHost) -> None:
    world.open()
    world.step(Step.SUBMIT, query_run())
    broken = {"failed": {"error_code": "internal_error", "error_message": "A worker was lost near 'secret row'."}}
    world.step(Step.POLL, query_run("failed", status_details=broken))
    world.step(Step.SUBMIT, query_run(id="qryrun_2"))
    world.step(Step.POLL, query_run("succeeded", id="qryrun_2", result=file_host.result()))

    read = manifest(world)
    assert (read["attempt"], read["query_run"]) == (1, "qryrun_2")
    (before,) = read["earlier_attempts"]  # type: ignore[misc]
    assert (before["attempt"], before["query_run"], before["error_class"]) == (0, "qryrun_1", "provider")
    assert "secret row" not in json.dumps(read), "an engine's words may quote what it stumbled over"
