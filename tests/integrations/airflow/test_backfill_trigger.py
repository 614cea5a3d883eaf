from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

import asyncio
from typing import Any

from airflow_provider_forebay.backfill_trigger import ForebayBackfillTrigger
from tests.integrations.airflow.scripted_server import ScriptedServer, deed


def trigger(**words: Any) -> ForebayBackfillTrigger:
    return ForebayBackfillTrigger(forebay_conn_id="forebay_default", deed="d1", poll_interval_s=0.0, **words)


def fire() -> list[Any]:
    async def events() -> list[Any]:
        return [event.payload async for event in trigger().run()]

    return asyncio.run(events())


def test_it_fires_once_it_is_through(server: ScriptedServer) -> None:
    server.answer("GET /deeds/d1", deed("backfill", going_on=True, done=False), deed("backfill"))

    assert fire() == [{"deed": "d1"}]
    assert len(server.asked) == 2


def test_a_server_that_is_away_is_asked_again_and_one_that_knows_nothing_is_not(server: ScriptedServer) -> None:
    server.answer("GET /deeds/d1", {"title": "Redis does not answer", "class": "redis", "exit": 10}, status=500)
    server.answer("GET /deeds/d1", {"title": "there is no d1", "class": "input", "exit": 2}, status=404)

    assert fire() == [{"deed": "d1"}]
    assert len(server.asked) == 2


@pytest.mark.parametrize("asked", [False, True])
def test_whoever_kills_the_task_stops_it_only_if_that_was_asked_for(server: ScriptedServer, asked: bool) -> None:
    server.answer("POST /deeds/d1/stop", deed("stop"))

    asyncio.run(trigger(stop_on_kill=asked).on_kill())

    assert len(server.asked) == asked


def test_another_triggerer_makes_it_anew_of_what_it_says() -> None:
    path, words = trigger(stop_on_kill=True).serialize()

    assert ForebayBackfillTrigger(**words).serialize() == (path, words)
