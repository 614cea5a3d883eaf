from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from airflow_provider_forebay.backfill_operator import ForebayBackfillOperator
from tests.integrations.airflow.scripted_server import ScriptedServer, batch_facts, deed, failed
from tests.integrations.airflow.task_context import task_context

PATH = "POST /extracts/charges_daily/backfill"
RANGE = {"from": "2026-10-01", "to": "2026-10-03"}


def outlook(*, nothing: bool = False) -> dict[str, Any]:
    return {"title": "Backfill 2 windows", "runs": 2, "sentences": ["2 windows to fill"], "nothing": nothing}


def backfill(*, came: str = "2 of 2 windows filled", **facts: Any) -> dict[str, Any]:
    windows = {"left": 0, "running": 0, "filled": 2, "failed": 0, "newest": []}
    whole = {"target": "charges_daily", "asked": RANGE, "came": came, "windows": windows}
    return deed("backfill-extract", **{**whole, **facts})


def not_filled(batch: str) -> dict[str, Any]:
    newest = [{"label": "2026-10-02", "batch": batch, "state": "failed"}]
    return backfill(came="1 of 2 windows filled", done=False, windows={"filled": 1, "failed": 1, "newest": newest})


def operator(**words: Any) -> ForebayBackfillOperator:
    words = {"start": RANGE["from"], "end": RANGE["to"], "poll_interval": 0, **words}
    return ForebayBackfillOperator(task_id="fill", extract="charges_daily", **words)


def test_it_begins_follows_and_says_what_came_of_it(server: ScriptedServer) -> None:
    server.answer(PATH, outlook(), backfill())
    server.answer("GET /deeds/d1", backfill(going_on=True, done=False), backfill())

    assert operator().execute(task_context()) == {"filled": 2, "came": "2 of 2 windows filled"}
    tried, begun = server.bodies(PATH)
    assert (tried["dry_run"], begun["from"], begun["to"]) == (True, *RANGE.values())


def test_no_gap_is_well_and_begins_nothing(server: ScriptedServer) -> None:
    server.answer(PATH, outlook(nothing=True))

    assert operator(deferrable=True).execute(task_context()) == {"filled": 0, "came": "there was no gap"}
    assert [body["dry_run"] for body in server.bodies(PATH)] == [True]


def test_another_try_follows_what_goes_on(server: ScriptedServer) -> None:
    server.answer("GET /deeds/d1", backfill(going_on=True, done=False), backfill())

    assert operator().execute(task_context({"forebay_backfill_deed": "d1"}))["filled"] == 2
    assert server.bodies(PATH) == []


def test_another_try_fills_what_is_still_a_gap(server: ScriptedServer) -> None:
    server.answer("GET /deeds/d1", not_filled("b1"), backfill())
    server.answer(PATH, outlook(), backfill())

    assert operator().execute(task_context({"forebay_backfill_deed": "d1"}))["filled"] == 2


def test_one_of_another_range_is_not_its_own(server: ScriptedServer) -> None:
    server.answer("GET /deeds/d1", backfill())
    server.answer(PATH, outlook(nothing=True))

    assert operator(end="2026-11-01").execute(task_context({"forebay_backfill_deed": "d1"}))["filled"] == 0


@pytest.mark.parametrize(("cause", "no_use"), [("sql", True), ("provider", False)])
def test_windows_that_failed_are_tried_again_where_that_may_help(
    server: ScriptedServer, cause: str, no_use: bool
) -> None:
    server.answer(PATH, outlook(), backfill())
    server.answer("GET /deeds/d1", not_filled("b1"))
    server.answer("GET /batches/b1", batch_facts(**failed(cause)))

    with pytest.raises(AirflowException, match=r"1 of 2 windows filled; .*'2026-10-02': 'b1'") as raised:
        operator().execute(task_context())

    assert isinstance(raised.value, AirflowFailException) == no_use


def test_it_defers_and_goes_on_where_the_trigger_fired(server: ScriptedServer) -> None:
    server.answer(PATH, outlook(), backfill())
    server.answer("GET /deeds/d1", backfill())

    with pytest.raises(TaskDeferred):
        operator(deferrable=True).execute(task_context())
    assert operator().execute_complete(task_context(), {"deed": "d1"})["filled"] == 2


@pytest.mark.parametrize("asked", [False, True])
def test_killing_the_task_stops_it_only_if_that_was_asked_for(server: ScriptedServer, asked: bool) -> None:
    server.answer(PATH, outlook(), backfill())
    server.answer("GET /deeds/d1", backfill())
    server.answer("POST /deeds/d1/stop", deed("stop"))
    killed = operator(stop_on_kill=asked)
    killed.execute(task_context())

    killed.on_kill()

    assert len(server.bodies("POST /deeds/d1/stop")) == asked
