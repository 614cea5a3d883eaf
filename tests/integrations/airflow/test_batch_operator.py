from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from typing import Any

from airflow_provider_forebay.batch_operator import ForebayBatchOperator
from tests.integrations.airflow.scripted_server import ScriptedServer, accepted
from tests.integrations.airflow.task_context import task_context


def sent(server: ScriptedServer, **words: Any) -> dict[str, Any]:
    server.answer("POST /batches", accepted(), status=201)
    ForebayBatchOperator(task_id="charges", wait_for_completion=False, **words).execute(task_context())
    return server.bodies("POST /batches")[-1]


def test_one_text_is_called_as_its_task(server: ScriptedServer) -> None:
    body = sent(server, queries="SELECT 1")

    assert body["queries"] == [{"sql": "SELECT 1", "name": "charges"}]
    assert body["key"].startswith("airflow/stripe/charges/scheduled__2026-11-27/")


def test_terms_are_those_of_the_client(server: ScriptedServer) -> None:
    body = sent(
        server,
        queries={"a": "SELECT 1"},
        key="mine",
        to="s3://b/x",
        format="parquet",
        connection="acme",
        flow_class="backfill",
    )

    del body["queries"]
    assert body == {"key": "mine", "to": "s3://b/x", "format": "parquet", "connection": "acme", "class": "backfill"}


def test_a_batch_of_the_spec_has_parameters(server: ScriptedServer) -> None:
    body = sent(server, definition="month_end", parameters={"month": "2026-10"})

    assert (body["definition"], body["params"]) == ("month_end", {"month": "2026-10"})


def test_who_goes_first_is_no_part_of_the_key(server: ScriptedServer) -> None:
    keys = {sent(server, queries="SELECT 1", flow_class=each)["key"] for each in ("scheduled", "backfill")}

    assert len(keys) == 1


def test_what_to_ask_is_said_once(server: ScriptedServer) -> None:
    for words in ({}, {"queries": "SELECT 1", "definition": "month_end"}):
        with pytest.raises(ValueError, match="either queries= or definition="):
            sent(server, **words)


def test_texts_are_templates_and_may_be_files() -> None:
    assert "queries" in ForebayBatchOperator.template_fields
    assert ".sql" in ForebayBatchOperator.template_ext
