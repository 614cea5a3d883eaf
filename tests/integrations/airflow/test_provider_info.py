from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

import json
from importlib.metadata import entry_points
from pathlib import Path

import airflow
import jsonschema
from airflow.providers_manager import ProvidersManager
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime


def test_it_is_as_airflows_schema_has_it() -> None:
    (entry,) = [each for each in entry_points(group="apache_airflow_provider") if "forebay" in each.value]
    schema = json.loads((Path(airflow.__path__[0]) / "provider_info.schema.json").read_text())

    jsonschema.validate(entry.load()(), schema)


def test_airflow_finds_the_type_of_connection_and_the_link() -> None:
    manager = ProvidersManager()

    assert manager.providers["airflow-provider-forebay"].version == "0.1.0"
    assert ProvidersManagerTaskRuntime().hooks["forebay"].hook_name == "Forebay"
    assert "airflow_provider_forebay.batch_link.ForebayBatchLink" in manager.extra_links_class_names
