from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

import hashlib
from typing import Any

from airflow.sdk import Asset, AssetAlias

from airflow_provider_forebay.landed_facts import landed_facts, tell_outlets
from forebay_client import BatchStatus, LandedResult
from tests.integrations.airflow.scripted_server import batch_facts, manifests, stored
from tests.integrations.airflow.task_context import task_context

DAY = {"start": "2026-11-26T00:00:00Z", "end": "2026-11-27T00:00:00Z"}


def facts_of(*digests: str, window: dict[str, str] | None = None) -> dict[str, Any]:
    page = manifests(*map(stored, digests), window=window)["manifests"]
    results = [LandedResult.of("b1", run, each) for run in page for each in run["manifests"]]
    return landed_facts(BatchStatus.of(batch_facts()), "https://f/b/b1", results)


def test_one_object_is_told_with_rows_sha256_and_window() -> None:
    place = {"batch": "b1", "page": "https://f/b/b1"}

    assert facts_of("ab12", window=DAY) == {
        **place, "rows": 10, "bytes": 300, "objects": 1, "sha256": "ab12", "window": DAY,
    }  # fmt: skip


def test_of_several_objects_the_sha256_is_of_all_in_their_order() -> None:
    assert facts_of("ab", "cd")["sha256"] == hashlib.sha256(b"ab\ncd").hexdigest()
    assert facts_of("cd", "ab")["sha256"] != facts_of("ab", "cd")["sha256"]


def test_assets_are_told_and_aliases_are_not() -> None:
    context, asset, alias = task_context(), Asset("s3://lake/charges"), AssetAlias("charges")

    tell_outlets([asset, alias], context, {"rows": 3})

    assert {key: event.extra for key, event in context["outlet_events"].items()} == {asset: {"rows": 3}}
