from __future__ import annotations

import pytest

pytest.importorskip("airflow.sdk", reason="Airflow is not installed: `make integrations-airflow` runs this test")

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from airflow_provider_forebay.batch_operator import ForebayBatchOperator
from tests.integrations.airflow.scripted_server import (
    GOES_ON,
    ScriptedServer,
    accepted,
    batch_facts,
    deed,
    failed,
    manifests,
    stored,
)
from tests.integrations.airflow.task_context import task_context

LANDED = {"batch": "b1", "runs": 2, "rows": 10, "bytes": 300, "output": "s3://b/p", "places": []}


def operator(**words: Any) -> ForebayBatchOperator:
    return ForebayBatchOperator(task_id="charges", queries="SELECT 1", **words)


def test_it_submits_waits_and_says_what_landed(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("GET /batches/b1", batch_facts())
    context = task_context()

    assert operator().execute(context) == LANDED
    assert context["ti"].pushed == {"_link_ForebayBatchLink": f"{server.url}/b/b1"}


def test_a_try_that_was_cut_off_is_gone_on_with(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("GET /batches/b1", batch_facts(**GOES_ON))
    store: dict[str, Any] = {}
    with pytest.raises(AirflowException, match="b1 is running after 0 s"):
        operator(timeout=0).execute(task_context(store))
    (sent,) = server.bodies("POST /batches")

    server.answers.clear()
    server.answer("GET /batches/b1", batch_facts(**GOES_ON, key=sent["key"]), batch_facts(key=sent["key"]))

    assert operator().execute(task_context(store)) == LANDED
    assert len(server.bodies("POST /batches")) == 1


def test_without_what_airflow_keeps_the_key_says_that_it_is_the_same(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), accepted(created=False))
    server.answer("GET /batches/b1", batch_facts())

    operator().execute(task_context())
    operator().execute(task_context())

    first, second = server.bodies("POST /batches")
    assert first == second
    assert server.bodies("POST /batches/b1/retry") == []


def test_whoever_mends_the_sql_and_clears_the_task_has_it_asked(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted("b1"), accepted("b2"))
    server.answer("GET /batches/b1", batch_facts())
    server.answer("GET /batches/b2", batch_facts("b2"))
    store: dict[str, Any] = {}
    operator().execute(task_context(store))
    mended = operator()
    mended.queries = "SELECT 2"

    assert mended.execute(task_context(store))["batch"] == "b2"


@pytest.mark.parametrize("ended", [{"state": "canceled", "exit": 1}, {"state": "checks_failed", "exit": 3}])
def test_a_batch_that_was_given_up_is_asked_anew_by_the_next_try(server: ScriptedServer, ended: dict[str, Any]) -> None:
    server.answer("POST /batches", accepted("b1"), accepted("b2"), accepted("b3"))
    store: dict[str, Any] = {}
    keys = []
    for batch in ("b1", "b2", "b3"):
        with pytest.raises(AirflowException):
            operator(timeout=0).execute(task_context(store))
        keys.append(server.bodies("POST /batches")[-1]["key"])
        server.answer(f"GET /batches/{batch}", batch_facts(batch, **ended, key=keys[-1]))

    assert store == {"forebay_batch_id": "b3"}
    assert [each.removeprefix(keys[0]) for each in keys] == ["", "~2", "~3"]


@pytest.mark.parametrize(
    ("classes", "taken_up"),
    [
        (["provider"], ["provider"]),
        (["sql", "transfer"], ["transfer"]),
        (["sql"], ["sql"]),  # only a person clears such a task
    ],
)
def test_another_try_takes_up_what_may_land(server: ScriptedServer, classes: list[str], taken_up: list[str]) -> None:
    server.answer("POST /batches", accepted(created=False))
    server.answer("GET /batches/b1", batch_facts(**failed(*classes)), batch_facts())
    server.answer("GET /batches/b1/failures", {"failures": failed(*classes)["failures"], "next": []})
    server.answer("POST /batches/b1/retry", deed("retry"))

    assert operator().execute(task_context()) == LANDED
    assert [body["cause"] for body in server.bodies("POST /batches/b1/retry")] == taken_up
    assert "tried again in Airflow" in server.bodies("POST /batches/b1/retry")[0]["why"]


def test_what_somebody_took_up_meanwhile_is_waited_for(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(created=False))
    server.answer("GET /batches/b1", batch_facts(**failed("provider")), batch_facts())
    server.answer("GET /batches/b1/failures", {"failures": failed("provider")["failures"], "next": []})
    server.answer("POST /batches/b1/retry", {"title": "nothing failed", "class": "input", "exit": 2}, status=409)

    assert operator().execute(task_context()) == LANDED


def test_nothing_is_taken_up_where_that_was_not_wanted(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(created=False))
    server.answer("GET /batches/b1", batch_facts(**failed("provider")))

    with pytest.raises(AirflowException, match="provider!"):
        operator(retry_failed=False).execute(task_context())
    assert server.bodies("POST /batches/b1/retry") == []


def test_wrong_sql_fails_without_another_try(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("GET /batches/b1", batch_facts(**failed("sql")))

    with pytest.raises(AirflowFailException, match="sql!"):
        operator(retries=3).execute(task_context())


def test_it_defers_and_goes_on_where_the_trigger_fired(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("GET /batches/b1", batch_facts(**GOES_ON), batch_facts())
    waiting = operator(deferrable=True, timeout=timedelta(hours=1), cancel_on_kill=True)

    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute(task_context())

    assert deferred.value.method_name == "execute_complete"
    _, words = deferred.value.trigger.serialize()
    assert (words["batch_id"], words["cancel_on_kill"]) == ("b1", True)
    assert operator().execute_complete(task_context(), {"batch": "b1", "message": None}) == LANDED


def test_what_has_landed_already_needs_no_triggerer(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(created=False))
    server.answer("GET /batches/b1", batch_facts())

    assert operator(deferrable=True).execute(task_context()) == LANDED


def test_a_wait_that_was_too_short_is_told_in_the_words_of_the_trigger(server: ScriptedServer) -> None:
    server.answer("GET /batches/b1", batch_facts(**GOES_ON))

    with pytest.raises(AirflowException, match="after 3600 s"):
        operator().execute_complete(task_context(), {"batch": "b1", "message": "b1 is running after 3600 s"})


def test_who_does_not_wait_gets_the_id(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)

    assert operator(wait_for_completion=False).execute(task_context()) == {"batch": "b1"}
    assert [request for request, _ in server.asked] == ["POST /batches"]


@pytest.mark.parametrize("asked", [False, True])
def test_killing_the_task_cancels_only_if_that_was_asked_for(server: ScriptedServer, asked: bool) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("POST /batches/b1/cancel", deed("cancel"))
    killed = operator(wait_for_completion=False, cancel_on_kill=asked)
    killed.execute(task_context())

    killed.on_kill()

    assert len(server.bodies("POST /batches/b1/cancel")) == asked


def test_the_event_of_an_outlet_has_rows_and_sha256(server: ScriptedServer) -> None:
    server.answer("POST /batches", accepted(), status=201)
    server.answer("GET /batches/b1", batch_facts())
    server.answer("GET /batches/b1/manifests", manifests(stored("ab12")))
    asset = Asset("s3://lake/charges")
    context = task_context()

    operator(outlets=[asset]).execute(context)

    extra = context["outlet_events"][asset].extra
    assert (extra["rows"], extra["sha256"], extra["page"]) == (10, "ab12", f"{server.url}/b/b1")
