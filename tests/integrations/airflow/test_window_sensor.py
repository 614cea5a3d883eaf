from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from airflow_provider_forebay.window_sensor import ForebayWindowSensor
from tests.integrations.airflow.scripted_server import ScriptedServer, window_facts
from tests.integrations.airflow.task_context import task_context

DAY = "GET /extracts/charges_daily/windows/2026-11-26"
LANDED = {"state": "landed", "batch": "b1", "outcome": "landed"}


def day(**facts: Any) -> dict[str, Any]:
    return window_facts("2026-11-26", "2026-11-27", **facts)


def sensor(**words: Any) -> ForebayWindowSensor:
    return ForebayWindowSensor(task_id="t", extract="charges_daily", window="2026-11-26", poke_interval=0, **words)


def test_it_waits_until_the_window_has_landed_and_gives_its_batch(server: ScriptedServer) -> None:
    server.answer(DAY, day(state="waiting"), day(state="running", batch="b1"), day(**LANDED))

    assert sensor().execute(task_context()) == "b1"
    assert len(server.asked) == 3


@pytest.mark.parametrize("outcome", ["failed", "partial", "checks_failed", "canceled", "stopped"])
def test_a_window_that_failed_fails_it_without_another_try(server: ScriptedServer, outcome: str) -> None:
    server.answer(DAY, day(state="failed", batch="b1", outcome=outcome))

    with pytest.raises(AirflowFailException, match=f"2026-11-26 of charges_daily ended as {outcome}, batch b1"):
        sensor().execute(task_context())


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_soft_failure_skips_it(server: ScriptedServer, deferrable: bool) -> None:
    server.answer(DAY, day(state="failed", batch="b1", outcome="failed"))

    with pytest.raises(AirflowSkipException):
        sensor(soft_fail=True, deferrable=deferrable).execute(task_context())


def test_it_waits_through_a_failure_if_that_is_wanted(server: ScriptedServer) -> None:
    server.answer(DAY, day(state="failed", batch="b1", outcome="failed"), day(**LANDED))

    assert sensor(fail_when_failed=False).execute(task_context()) == "b1"


def test_it_defers_and_looks_again_where_the_trigger_fired(server: ScriptedServer) -> None:
    server.answer(DAY, day(state="running", batch="b1"))

    with pytest.raises(TaskDeferred) as deferred:
        sensor(deferrable=True, timeout=60).execute(task_context())

    assert deferred.value.timeout.total_seconds() == 60
    assert deferred.value.trigger.serialize()[1]["window"] == "2026-11-26"
    server.answers.clear()
    server.answer(DAY, day(**LANDED))
    assert sensor(deferrable=True).execute_complete(task_context(), {}) == "b1"


def test_what_was_taken_up_again_is_waited_for(server: ScriptedServer) -> None:
    server.answer(DAY, day(state="running", batch="b1"))

    with pytest.raises(TaskDeferred):
        sensor(deferrable=True).execute_complete(task_context(), {})
