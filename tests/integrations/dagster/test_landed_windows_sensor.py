"""The sensor reports what beat landed by itself: once, with what a materialization by Dagster has, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from dagster_forebay import (
    ExtractDescription,
    ForebayResource,
    build_extract_assets,
    build_landed_windows_sensor,
    describe_extracts,
)
from forebay_client import Client

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def forebay(forebay_url: str) -> ForebayResource:
    return ForebayResource(url=forebay_url)


def look(
    forebay: ForebayResource,
    extracts: Sequence[ExtractDescription],
    instance: dg.DagsterInstance,
    cursor: str | None = None,
) -> dg.SensorResult:
    """Looks once, and has Dagster keep what is reported, as its daemon does."""
    sensor = build_landed_windows_sensor(forebay, extracts)
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    for event in result.asset_events:
        instance.report_runless_asset_event(event)
    return result


def materializations(result: dg.SensorResult) -> dict[str | None, dict[str, Any]]:
    return {
        event.partition: {name: value.value for name, value in event.metadata.items()}
        for event in result.asset_events
        if isinstance(event, dg.AssetMaterialization)
    }


def landed(client: Client, extract: str, windows: int) -> bool:
    return sum(window.state == "landed" for window in client.extract(extract).windows) >= windows


def test_what_beat_landed_is_reported_once(
    forebay: ForebayResource, instance: dg.DagsterInstance, client: Client
) -> None:
    until = time.monotonic() + 60
    while not landed(client, "by_beat", 3):
        assert time.monotonic() < until, f"beat landed too little: {client.extract('by_beat').windows}"
        time.sleep(0.2)
    extracts = describe_extracts(forebay, select=["by_beat"])

    first = look(forebay, extracts, instance)
    again = look(forebay, extracts, instance, first.cursor)
    anew = look(forebay, extracts, instance)

    newest = [window.label for window in client.extract("by_beat", windows=3).windows]
    reported = materializations(first)
    assert [*reported] == newest[::-1], "oldest first, so that the newest is what Dagster has last"
    assert {each["dagster/partition_row_count"] for each in reported.values()} == {3}
    assert {each["forebay/batch"] for each in reported.values()} == {*json.loads(first.cursor or "")["by_beat"]}
    checks = [event for event in first.asset_events if isinstance(event, dg.AssetCheckEvaluation)]
    assert [(check.check_name, check.passed) for check in checks] == [("account_coverage", True)] * 3
    assert (again.asset_events, again.cursor) == ([], first.cursor)
    assert materializations(anew) == {}, "a cursor that is lost reports nothing twice"
    latest = instance.get_latest_materialization_event(dg.AssetKey("by_beat"))
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.partition == newest[0]


def test_what_a_run_of_dagster_reported_is_not_reported_by_the_sensor(
    forebay: ForebayResource, instance: dg.DagsterInstance, client: Client
) -> None:
    extracts = describe_extracts(forebay, select=["monthly"])
    (asset,) = build_extract_assets(forebay, extracts)
    assert dg.materialize([asset], instance=instance, partition_key="2026-05-01").success
    client.submit("monthly", window="2026-06-15").wait(60)

    result = look(forebay, extracts, instance)

    assert [*materializations(result)] == ["2026-06-01"]
    assert [*json.loads(result.cursor or "")["monthly"]] == [
        client.window("monthly", label).batch for label in ("2026-05-02", "2026-06-02")
    ]


def test_a_window_that_fails_is_a_check_that_failed_and_no_materialization(
    forebay: ForebayResource, instance: dg.DagsterInstance, client: Client
) -> None:
    assert client.submit("refunds_daily", window="2026-11-03").wait(60, check=False).state == "checks_failed"
    extracts = describe_extracts(forebay, select=["refunds_daily"])

    result = look(forebay, extracts, instance)

    assert materializations(result) == {}
    checks = {
        event.check_name: event.passed for event in result.asset_events if isinstance(event, dg.AssetCheckEvaluation)
    }
    assert checks["data_checks"] is False


def test_an_extract_that_the_spec_has_no_more_keeps_the_others_from_nothing(
    forebay: ForebayResource, instance: dg.DagsterInstance, client: Client
) -> None:
    client.submit("monthly", window="2026-04-15").wait(60)
    (monthly,) = describe_extracts(forebay, select=["monthly"])
    gone = replace(monthly, name="was_renamed")

    result = look(forebay, [gone, monthly], instance)

    assert "2026-04-01" in materializations(result)
    assert [*json.loads(result.cursor or "")] == ["monthly"]
