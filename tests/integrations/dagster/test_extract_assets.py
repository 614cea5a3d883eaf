"""Materializes assets for real: Dagster in this process, and a deployment of real processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import httpx
import pytest

from dagster_forebay import ForebayResource, build_extract_assets, describe_extracts
from forebay_client import Client

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def assets(forebay_url: str) -> Mapping[str, dg.AssetsDefinition]:
    forebay = ForebayResource(url=forebay_url)
    built = build_extract_assets(forebay, describe_extracts(forebay), retry_policy=dg.RetryPolicy(max_retries=1))
    return {asset.key.to_user_string(): asset for asset in built}


def materialize(asset: dg.AssetsDefinition, instance: dg.DagsterInstance, **how: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize([asset], instance=instance, raise_on_error=False, **how)


def range_of(first: str, last: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def values(materialization: dg.AssetMaterialization) -> dict[str, Any]:
    return {name: value.value for name, value in materialization.metadata.items()}


def retries_of(forebay_url: str, batch: str) -> int:
    deeds = httpx.get(f"{forebay_url}/api/v1/deeds").json()["deeds"]
    return sum(deed["act"] == "retry" and deed["target"] == batch for deed in deeds)


@contextmanager
def paused_lane(client: Client) -> Iterator[None]:
    """Grants no slot meanwhile, so that what is submitted waits."""
    (lane,) = client.lanes()
    client.pause_lane(lane.lane, why="a test")
    try:
        yield
    finally:
        client.resume_lane(lane.lane, why="a test")


def canceled_window(client: Client, window: str) -> None:
    with paused_lane(client):
        batch = client.submit("charges_daily", window=window)
        batch.cancel(why="a test")
        assert batch.wait(60, check=False).state == "canceled"


def test_a_partition_is_a_window_that_lands(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client, forebay_url: str
) -> None:
    result = materialize(assets["charges_daily"], instance, partition_key="2026-10-25")

    assert result.success
    (materialization,) = result.asset_materializations_for_node("forebay_charges_daily")
    told = values(materialization)
    batch = "charges_daily.20261024T2200Z-20261025T2300Z"
    (landed,) = client.batch(batch).results()
    assert landed.path is not None
    content = Path(landed.path).read_bytes()
    assert materialization.partition == "2026-10-25"
    assert told == {
        "dagster/partition_row_count": 5,
        "dagster/uri": landed.url,
        "forebay/window_start": "2026-10-24T22:00:00+00:00",
        "forebay/window_end": "2026-10-25T23:00:00+00:00",
        "forebay/bytes": len(content),
        "forebay/sha256": hashlib.sha256(content).hexdigest(),
        "forebay/results": 1,
        "forebay/columns": ["id", "amount"],
        "forebay/batch": batch,
        "forebay/page": f"{forebay_url}/b/{batch}",
    }
    assert materialization.tags is not None
    assert materialization.tags["dagster/data_version"] == landed.sha256
    assert httpx.get(told["forebay/page"]).status_code == 200


def test_the_same_partition_again_meets_the_same_batch(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client
) -> None:
    results = [materialize(assets["charges_daily"], instance, partition_key="2026-10-02") for _ in range(2)]

    assert [result.success for result in results] == [True, True]
    told = [values(result.asset_materializations_for_node("forebay_charges_daily")[0]) for result in results]
    assert told[0] == told[1]
    window = client.window("charges_daily", "2026-10-02")
    assert (window.state, window.batch) == ("landed", told[0]["forebay/batch"])


def test_a_range_is_one_run_and_each_of_its_partitions_has_its_own_metadata(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client
) -> None:
    result = materialize(assets["charges_daily"], instance, tags=range_of("2026-03-28", "2026-03-30"))

    assert result.success
    materializations = result.asset_materializations_for_node("forebay_charges_daily")
    assert [each.partition for each in materializations] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    starts = [values(each)["forebay/window_start"][:13] for each in materializations]
    assert starts == ["2026-03-27T23", "2026-03-28T23", "2026-03-29T22"]
    batches = [client.batch(values(each)["forebay/batch"]).status() for each in materializations]
    assert {each.facts["class"] for each in batches} == {"backfill"}
    (coverage,) = result.get_asset_check_evaluations()
    assert (coverage.check_name, coverage.passed, coverage.metadata["landed"].value) == ("account_coverage", True, 3)


def test_both_hours_that_the_wall_shows_as_one_land(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance
) -> None:
    result = materialize(assets["hourly"], instance, tags=range_of("2026-10-25-00:00", "2026-10-25-01:00"))

    assert result.success
    materializations = result.asset_materializations_for_node("forebay_hourly")
    assert [values(each)["forebay/batch"] for each in materializations] == [
        "hourly.20261025T0000Z-20261025T0100Z",
        "hourly.20261025T0100Z-20261025T0200Z",
    ]


def test_a_wrong_query_fails_without_a_retry_and_a_later_run_takes_up_what_failed(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client, forebay_url: str
) -> None:
    first, second = (materialize(assets["good_and_bad"], instance, partition_key="2026-10-07") for _ in range(2))

    batch = client.window("good_and_bad", "2026-10-07").batch
    for result in (first, second):
        assert not result.success
        assert [event for event in result.all_events if event.is_step_up_for_retry] == []
        (failed,) = [event for event in result.all_events if event.is_step_failure]
        failure = failed.step_failure_data.user_failure_data
        assert failure is not None
        assert failure.metadata["forebay/batch"].value == batch
        assert "sql" in str(failure.metadata["forebay/failures"].value)
        (coverage,) = result.get_asset_check_evaluations()
        assert (coverage.check_name, coverage.passed) == ("account_coverage", False)
    assert instance.fetch_materializations(dg.AssetKey("good_and_bad"), limit=1).records == []
    assert [line.id for line in client.batches(extract="good_and_bad")] == [batch]
    assert batch is not None
    assert retries_of(forebay_url, batch) == 1
    runs = {run.state: run for run in client.batch(batch).runs()}
    assert {*runs} == {"landed", "failed"}
    assert runs["failed"].attempt == 1


def test_data_that_fails_a_check_is_no_materialization(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance
) -> None:
    result = materialize(assets["refunds_daily"], instance, partition_key="2026-10-03")

    assert not result.success
    checks = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert not checks["data_checks"].passed
    assert "rows" in str(checks["data_checks"].metadata["findings"].value)
    assert instance.fetch_materializations(dg.AssetKey("refunds_daily"), limit=1).records == []


def test_data_that_passes_its_checks_says_so(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance
) -> None:
    result = materialize(assets["checked_daily"], instance, partition_key="2026-10-03")

    assert result.success
    checks = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert {name: each.passed for name, each in checks.items()} == {"account_coverage": True, "data_checks": True}


def test_of_a_range_in_which_one_window_fails_the_others_are_reported(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client, forebay_url: str
) -> None:
    canceled_window(client, "2026-10-12")

    result = materialize(assets["charges_daily"], instance, tags=range_of("2026-10-11", "2026-10-13"))

    assert not result.success
    wanted = dg.AssetRecordsFilter(
        dg.AssetKey("charges_daily"), asset_partitions=["2026-10-11", "2026-10-12", "2026-10-13"]
    )
    records = instance.fetch_materializations(wanted, limit=9).records
    assert sorted(str(record.partition_key) for record in records) == ["2026-10-11", "2026-10-13"]


def test_windows_that_are_no_partitions_are_landed_newest_first(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client
) -> None:
    result = materialize(assets["every_five_hours"], instance)

    assert result.success
    (materialization,) = result.asset_materializations_for_node("forebay_every_five_hours")
    told = values(materialization)
    newest = next(each for each in client.extract("every_five_hours").windows if each.batch)
    assert (told["forebay/batch"], told["dagster/row_count"]) == (newest.batch, 1)


def test_a_server_that_is_away_may_be_asked_again(instance: dg.DagsterInstance, forebay_url: str) -> None:
    described = describe_extracts(ForebayResource(url=forebay_url), select=["charges_daily"])
    away = ForebayResource(url=f"http://127.0.0.1:9/{urlsplit(forebay_url).port}")
    (asset,) = build_extract_assets(away, described, retry_policy=dg.RetryPolicy(max_retries=1))

    result = materialize(asset, instance, partition_key="2026-10-02")

    assert not result.success
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == 1


def test_a_window_that_was_repeated_is_met_in_the_batch_that_counts(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client
) -> None:
    client.submit("quarters_of_a_day", window="2026-08-01T05:00Z").wait(60)
    repeated = client.submit("quarters_of_a_day", window="2026-08-01T05:00Z", again=True)
    repeated.wait(60)

    result = materialize(assets["quarters_of_a_day"], instance, partition_key="2026-08-01-05:00")

    (materialization,) = result.asset_materializations_for_node("forebay_quarters_of_a_day")
    assert values(materialization)["forebay/batch"] == repeated.id
    assert repeated.id.endswith(".r2")


def test_who_asks_anew_has_a_batch_of_its_own(
    assets: Mapping[str, dg.AssetsDefinition], instance: dg.DagsterInstance, client: Client
) -> None:
    canceled_window(client, "2026-10-20")
    anew = {"ops": {"forebay_charges_daily": {"config": {"again": True}}}}

    met = materialize(assets["charges_daily"], instance, partition_key="2026-10-20")
    asked = materialize(assets["charges_daily"], instance, partition_key="2026-10-20", run_config=anew)

    assert (met.success, asked.success) == (False, True)
    assert [event for event in met.all_events if event.is_step_up_for_retry] == [], "a person canceled it"
    (materialization,) = asked.asset_materializations_for_node("forebay_charges_daily")
    assert values(materialization)["forebay/batch"].endswith(".r2")


def test_a_wait_that_is_too_short_is_retried_and_cancels_nothing(
    client: Client, instance: dg.DagsterInstance, forebay_url: str
) -> None:
    forebay = ForebayResource(url=forebay_url)
    (asset,) = build_extract_assets(
        forebay,
        describe_extracts(forebay, select=["charges_daily"]),
        timeout_s=1,
        retry_policy=dg.RetryPolicy(max_retries=1),
    )
    with paused_lane(client):
        waited = materialize(asset, instance, partition_key="2026-10-21")
        batch = client.window("charges_daily", "2026-10-21").batch
    assert batch is not None
    client.batch(batch).wait(60)

    landed = materialize(asset, instance, partition_key="2026-10-21")

    assert not waited.success
    assert len([event for event in waited.all_events if event.is_step_up_for_retry]) == 1
    assert landed.success
    (materialization,) = landed.asset_materializations_for_node("forebay_charges_daily")
    assert values(materialization)["forebay/batch"] == batch
    assert retries_of(forebay_url, batch) == 0


def test_partitions_of_a_spec_that_has_changed_are_refused(
    instance: dg.DagsterInstance, forebay_url: str, client: Client
) -> None:
    forebay = ForebayResource(url=forebay_url)
    (described,) = describe_extracts(forebay, select=["charges_daily"])
    former = replace(described, time_zone="America/New_York", first_start="2026-01-01T05:00:00+00:00")
    (asset,) = build_extract_assets(forebay, [former], retry_policy=dg.RetryPolicy(max_retries=1))

    result = materialize(asset, instance, partition_key="2026-10-22")

    (failed,) = [event for event in result.all_events if event.is_step_failure]
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert "is no window of the spec any more" in (failure.description or "")
    assert [event for event in result.all_events if event.is_step_up_for_retry] == []
    assert client.window("charges_daily", "2026-10-22").batch is None
