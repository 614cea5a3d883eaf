"""Columns have the types that are known of them, and what does not fit is told."""

from typing import Any

import pytest

from forebay.governor.states import RunState, Step
from forebay.landing import parquet_extra
from forebay.store.ledger.batch_policy import Checks, Policy
from forebay.store.ledger.records import Item
from tests.worker.conftest import FileHost, World, query_run, zipped
from tests.worker.steps.conftest import landed, manifest


def as_parquet(world: World, **terms: Any) -> None:
    item = Item(name="q0", sql="SELECT 0", account=None, column_types=terms.pop("known", None))
    world.submit([item], result_format="parquet", **terms)
    world.step(Step.SUBMIT, query_run())


@pytest.mark.parametrize(
    ("terms", "told", "kind"),
    [
        ({}, (), "text"),
        ({"known": {"n": "bigint"}}, (), "bigint"),
        ({"known": {"n": "bigint"}}, ("n", "double"), "double"),
        ({"column_types": {"n": "decimal(9,2)"}}, ("n", "double"), "decimal(9,2)"),
    ],
)
def test_a_column_has_the_type_that_the_spec_or_else_stripe_or_else_the_schema_says(
    world: World, file_host: FileHost, terms: dict[str, Any], told: tuple[str, ...], kind: str
) -> None:
    as_parquet(world, **terms)
    columns = [{"name": told[0], "type": told[1]}] if told else []

    world.step(Step.POLL, query_run("succeeded", result=file_host.result(columns=columns)))

    assert landed(world) == ["q0.manifest.json", "q0.parquet"]
    assert manifest(world)["table"] == {
        "columns": [{"name": "n", "type": kind, "misfit": None}],
        "nulls": "empty",
        "row_groups": 1,
    }


def test_a_misfit_fails_a_run_that_nobody_closes_and_waits_in_quarantine_for_whoever_does(
    world: World, file_host: FileHost
) -> None:
    file_host.body = zipped(b"n\n1\nx\n")
    as_parquet(world, known={"n": "bigint"})
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    failure = world.failure()
    assert failure and failure.error_class.has_result and landed(world) == []
    assert failure.message == (
        "the result cannot be a table: row 2 of column 'n' is no bigint; a format of CSV (csv.gz) stores it as it is"
    )

    checked = Policy(definition="d", kind="batch", spec_sha256="5", checks=Checks(types=True))
    as_parquet(world, column_types={"n": "bigint"}, batch="other", policy=checked)
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert landed(world) == ["q0.manifest.json", "q0.parquet"]
    column = {"name": "n", "type": "text", "misfit": "row 2 of column 'n' is no bigint"}
    assert manifest(world)["table"] == {"columns": [column], "nulls": "empty", "row_groups": 1}
    assert list(world.destination.glob("_quarantine/other/q0.parquet"))


def test_a_worker_without_the_extra_tries_again_until_somebody_mends_it(
    world: World, file_host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_parquet(world)
    with monkeypatch.context() as lacking:
        lacking.setattr(parquet_extra, "missing", lambda: "format parquet needs pyarrow")
        world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert world.state() is RunState.READY

    world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))
    assert landed(world) == ["q0.manifest.json", "q0.parquet"]


def test_rules_of_a_newer_forebay_fail_the_landing_and_keep_the_result(world: World, file_host: FileHost) -> None:
    as_parquet(world, nulls="sometimes")
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    failure = world.failure()
    assert failure and failure.error_class.has_result and "'sometimes' is not a valid Nulls" in failure.message
