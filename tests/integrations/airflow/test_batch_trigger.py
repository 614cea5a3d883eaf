from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

import asyncio
from typing import Any

from airflow_provider_forebay.batch_trigger import ForebayBatchTrigger
from tests.integrations.airflow.scripted_server import GOES_ON, ScriptedServer, batch_facts, deed


def fire(**words: Any) -> list[Any]:
    async def events() -> list[Any]:
        trigger = ForebayBatchTrigger(forebay_conn_id="forebay_default", batch_id="b1", **words)
        return [event.payload async for event in trigger.run()]

    return asyncio.run(events())


def test_it_fires_once_the_batch_has_ended(server: ScriptedServer) -> None:
    server.answer("GET /batches/b1", batch_facts(**GOES_ON), batch_facts())

    assert fire() == [{"batch": "b1", "message": None}]
    assert len(server.asked) == 2


def test_it_fires_when_its_time_is_over_and_says_so(server: ScriptedServer) -> None:
    server.answer("GET /batches/b1", batch_facts(**GOES_ON))

    (event,) = fire(until_s=0)

    assert "b1 is running after 0 s" in event["message"]


def test_a_batch_that_failed_is_for_the_task_to_judge(server: ScriptedServer) -> None:
    server.answer("GET /batches/b1", batch_facts(state="checks_failed", exit=3))

    assert fire() == [{"batch": "b1", "message": None}]


def test_another_triggerer_makes_it_anew_of_what_it_says() -> None:
    first = ForebayBatchTrigger(forebay_conn_id="c", batch_id="b1", until_s=7.0, cancel_on_kill=True)
    path, words = first.serialize()

    assert path == "airflow_provider_forebay.batch_trigger.ForebayBatchTrigger"
    assert ForebayBatchTrigger(**words).serialize() == first.serialize()


@pytest.mark.parametrize("asked", [False, True])
def test_whoever_kills_the_task_cancels_only_if_that_was_asked_for(server: ScriptedServer, asked: bool) -> None:
    server.answer("POST /batches/b1/cancel", deed("cancel"))
    trigger = ForebayBatchTrigger(forebay_conn_id="forebay_default", batch_id="b1", cancel_on_kill=asked)

    asyncio.run(trigger.on_kill())

    assert len(server.asked) == asked
