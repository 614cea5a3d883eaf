from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from typing import Any

from airflow_provider_forebay.extract_operator import ForebayExtractOperator
from tests.integrations.airflow.scripted_server import ScriptedServer, accepted, batch_facts, window_facts
from tests.integrations.airflow.task_context import task_context


def test_a_window_that_is_named_is_submitted(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("GET /batches/b1", batch_facts())

    ForebayExtractOperator(task_id="t", extract="charges_daily", window="2026-11-26").execute(task_context())

    assert server.bodies("POST /batches") == [{"definition": "charges_daily", "window": "2026-11-26"}]


def test_of_a_window_that_was_repeated_the_batch_that_counts_is_waited_for(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted("b1", created=False))
    repeated = window_facts("2026-11-26", "2026-11-27", batch="b1.r2", state="landed", outcome="landed")
    server.answer("GET /extracts/charges_daily/windows/2026-11-26", repeated)
    server.answer("GET /batches/b1.r2", batch_facts("b1.r2"))

    landed = ForebayExtractOperator(task_id="t", extract="charges_daily", window="2026-11-26").execute(task_context())

    assert landed["batch"] == "b1.r2"


def test_a_window_whose_batch_was_canceled_is_repeated_by_the_next_try(server: ScriptedServer) -> None:
    canceled = window_facts("2026-11-26", "2026-11-27", batch="b1", state="failed", outcome="canceled")
    server.answer("GET /extracts/charges_daily/windows/2026-11-26", canceled)
    server.answer("GET /batches/b1", batch_facts(state="canceled", exit=1, key=None))
    server.answer("POST /batches", accepted("b1.r2"), status=201)
    server.answer("GET /batches/b1.r2", batch_facts("b1.r2"))
    store: dict[str, Any] = {"forebay_batch_id": "b1"}

    again = ForebayExtractOperator(task_id="t", extract="charges_daily", window="2026-11-26")

    assert again.execute(task_context(store))["batch"] == "b1.r2"
    assert server.bodies("POST /batches") == [{"definition": "charges_daily", "window": "2026-11-26", "again": True}]


@pytest.mark.parametrize(("counts", "asked"), [("b1", 0), ("b1.r2", 1)])
def test_another_try_goes_by_the_batch_that_counts_of_the_window(
    server: ScriptedServer, counts: str, asked: int
) -> None:
    server.answer("POST /batches", accepted("b1.r2", created=False))
    server.answer("GET /batches/b1", batch_facts())
    server.answer("GET /batches/b1.r2", batch_facts("b1.r2"))
    server.answer(
        "GET /extracts/charges_daily/windows/2026-11-26", window_facts("2026-11-26", "2026-11-27", batch=counts)
    )
    store: dict[str, Any] = {"forebay_batch_id": "b1"}

    again = ForebayExtractOperator(task_id="t", extract="charges_daily", window="2026-11-26")

    assert again.execute(task_context(store))["batch"] == counts
    assert len(server.bodies("POST /batches")) == asked
