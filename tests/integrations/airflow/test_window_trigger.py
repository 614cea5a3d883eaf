from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

import asyncio
from typing import Any

from airflow_provider_forebay.window_trigger import ForebayWindowTrigger
from tests.integrations.airflow.scripted_server import GOES_ON, ScriptedServer, batch_facts, window_facts

DAY = "GET /extracts/charges_daily/windows/2026-11-26"
LANDED = {"state": "landed", "batch": "b1", "outcome": "landed"}
FAILED = {"state": "failed", "batch": "b1", "outcome": "failed"}


def day(**facts: Any) -> dict[str, Any]:
    return window_facts("2026-11-26", "2026-11-27", **facts)


def trigger(**words: Any) -> ForebayWindowTrigger:
    words = {"forebay_conn_id": "forebay_default", "extract": "charges_daily", "poke_interval_s": 0.0, **words}
    return ForebayWindowTrigger(window="2026-11-26", **words)


def fire(**words: Any) -> list[Any]:
    async def events() -> list[Any]:
        return [event.payload async for event in trigger(**words).run()]

    return asyncio.run(events())


ONCE = [{"extract": "charges_daily", "window": "2026-11-26"}]


def test_it_follows_the_batch_of_the_window_to_its_end(server: ScriptedServer) -> None:
    server.answer(DAY, day(), day(state="running", batch="b1"), day(**LANDED))
    server.answer("GET /batches/b1", batch_facts(**GOES_ON))

    assert fire() == ONCE
    assert [request for request, _ in server.asked] == [DAY, DAY, "GET /batches/b1", DAY]


def test_a_failure_fires_or_is_waited_through(server: ScriptedServer) -> None:
    server.answer(DAY, day(**FAILED), day(**LANDED))

    assert fire() == ONCE
    assert len(server.asked) == 1
    server.answer(DAY, day(**FAILED), day(**LANDED))
    assert fire(until_landed=True) == ONCE


def test_a_server_that_is_away_is_asked_again(server: ScriptedServer) -> None:
    server.answer(DAY, {"title": "Redis does not answer", "class": "redis", "exit": 10}, status=500)
    server.answer(DAY, day(**LANDED))

    assert fire() == ONCE
    assert len(server.asked) == 2


def test_what_cannot_be_asked_is_for_the_sensor_to_tell(server: ScriptedServer) -> None:
    assert fire() == ONCE


def test_another_triggerer_makes_it_anew_of_what_it_says() -> None:
    path, words = trigger(until_landed=True).serialize()

    assert path == "airflow_provider_forebay.window_trigger.ForebayWindowTrigger"
    assert ForebayWindowTrigger(**words).serialize() == (path, words)
