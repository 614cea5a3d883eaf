from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from datetime import datetime
from typing import Any

from airflow_provider_forebay.window_of_run import window_of_run
from forebay_client import Client
from tests.integrations.airflow.scripted_server import ScriptedServer, window_facts
from tests.integrations.airflow.task_context import task_context

DAYS = "GET /extracts/charges_daily/windows/"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def label(server: ScriptedServer, **facts: Any) -> str:
    with Client(server.url) as client:
        return window_of_run(client, "charges_daily", task_context(**facts)).label


def test_a_run_with_an_interval_is_about_the_window_that_it_begins_in(server: ScriptedServer) -> None:
    server.answer(DAYS + "2026-11-26T00:00+00:00", window_facts("2026-11-26", "2026-11-27"))

    day = (at("2026-11-26T00:00:00+00:00"), at("2026-11-27T00:00:00+00:00"))
    assert label(server, data_interval_start=day[0], data_interval_end=day[1]) == "2026-11-26"


@pytest.mark.parametrize(
    "facts",
    [
        {"data_interval_start": at("2026-11-27T06:15:00+00:00"), "data_interval_end": at("2026-11-27T06:15:00+00:00")},
        {},  # begun by an asset: the run has no interval, and was due when it says
    ],
)
def test_a_run_without_a_length_is_about_the_newest_window_that_was_over(
    server: ScriptedServer, facts: dict[str, Any]
) -> None:
    server.answer(DAYS + "2026-11-27T06:15+00:00", window_facts("2026-11-27", "2026-11-28"))
    server.answer(DAYS + "2026-11-26T23:59+00:00", window_facts("2026-11-26", "2026-11-27"))

    assert label(server, **facts) == "2026-11-26"
