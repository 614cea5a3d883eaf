"""What can befall an event before anybody sees it."""

from typing import Any

import pytest

from tests.sandbox.driver import EVENTS, Api, DataApi


def words(api: Api) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in api.event_list()]


def event(api: Api, fault: str, **more: Any) -> list[dict[str, Any]]:
    """The events of one run under a fault of its end, without that of its create."""
    api.fault(fault, event_type="succeeded", **more)
    api.run()
    return api.event_list()[:-1]


def test_an_event_can_be_missing_for_ever(api: Api) -> None:
    assert event(api, "event_missing") == []
    assert api.counts()["events"]["missed"] == {"v2.data.reporting.query_run.succeeded": 1}
    assert api.counts()["events"]["made"] == {"v2.data.reporting.query_run.created": 1}


def test_a_share_of_events_can_be_missing(api: Api) -> None:
    api.fault("event_missing", probability=0.1)
    api.make_event("v2.a.b", count=1000)
    assert 70 < api.counts()["events"]["missed"]["v2.a.b"] < 130


def test_an_event_can_be_late_and_stands_then_where_it_belongs(api: Api) -> None:
    api.fault("event_late", delay_s=60, times=1)
    api.make_event()
    assert api.event_list() == []
    api.fault("event_late", delay_s=0.3, times=1)
    late, prompt = api.make_event("v2.a.late") + api.make_event("v2.a.prompt")
    assert [event["id"] for event in api.event_list()] == [prompt]
    while len(seen := api.event_list()) == 1:
        pass
    assert [event["id"] for event in seen] == [prompt, late]


def test_an_event_can_come_twice_with_one_id(api: Api) -> None:
    first, second = event(api, "event_doubled")
    assert first == second


def test_one_change_can_make_two_events(api: Api) -> None:
    first, second = event(api, "event_twin")
    assert first["id"] != second["id"]
    assert {**first, "id": ""} == {**second, "id": ""}


def test_an_end_can_be_told_as_an_update(api: Api) -> None:
    (told,) = event(api, "event_as_updated")
    assert told["type"] == "v2.data.reporting.query_run.updated"
    assert told["related_object"]["id"]


def test_an_event_can_lack_its_object(api: Api) -> None:
    (told,) = event(api, "event_without_object")
    assert "related_object" not in told


def test_an_event_can_lack_its_reason(api: Api) -> None:
    api.fault("event_without_reason")
    api.create("SELECT 1 -- sandbox: duration=60", Idempotency_Key="k")
    (told,) = api.event_list()
    assert told["reason"] is None


def test_how_late_events_are_changes_no_durations_of_runs(api: Api) -> None:
    def durations() -> list[float]:
        api.control(duration="lognormal:0.01,0.5")
        for _ in range(3):
            api.run()
        return [run["duration_s"] for run in api.http.get("/sandbox/runs").json()["data"]]

    without = durations()
    api.http.post("/sandbox/reset")
    api.control(event_delay="lognormal:5,0.5")
    assert durations() == without


def test_an_event_that_was_never_made_can_be_confessed_to(api: Api) -> None:
    api.control(health_delay_s=0)
    (told,), created = event(api, "event_missing"), api.event_list()[-1]
    assert told["type"] == "v2.core.health.event_generation_failure.resolved"
    assert "related_object" not in told
    fetched = api.http.get(f"{EVENTS}/{told['id']}", headers=api.headers()).json()
    assert fetched["data"]["impact"] == {
        "event_type": "v2.data.reporting.query_run.succeeded",
        "related_object": created["related_object"],
    }


def test_a_confession_takes_its_time(api: Api) -> None:
    api.control(health_delay_s=60)
    assert event(api, "event_missing") == []


def test_runs_of_the_second_generation_are_told_under_its_own_names(data_api: DataApi) -> None:
    run = data_api.run("SELECT 1", Idempotency_Key="k")
    ended, created = data_api.event_list()
    assert [ended["type"], created["type"]] == ["v2.data.query_run.succeeded", "v2.data.query_run.created"]
    about = {"id": run["id"], "type": "v2.data.query_run", "url": f"/v2/data/query_runs/{run['id']}"}
    assert ended["related_object"] == created["related_object"] == about
    assert created["reason"]["request"]["idempotency_key"] == "k"


def test_an_end_of_the_second_generation_says_nothing_of_the_change(data_api: DataApi) -> None:
    data_api.run("SELECT 1 -- sandbox: fail=x")
    told = data_api.event_list()[0]
    assert told["type"] == "v2.data.query_run.failed"
    assert data_api.http.get(f"{EVENTS}/{told['id']}", headers=data_api.headers()).json() == told


def test_an_end_of_the_second_generation_can_be_told_as_updated_beside(data_api: DataApi) -> None:
    data_api.control(event_updates=True)
    data_api.run()
    assert words(data_api) == ["succeeded", "updated", "created"]


def test_nothing_tells_that_a_run_was_canceled(data_api: DataApi) -> None:
    data_api.run("SELECT 1 -- sandbox: cancel")
    assert words(data_api) == ["created"]


def test_that_a_run_was_canceled_can_be_told_as_updated(data_api: DataApi) -> None:
    data_api.control(event_updates=True)
    run = data_api.run("SELECT 1 -- sandbox: cancel")
    updated, _ = data_api.event_list()
    assert updated["type"] == "v2.data.query_run.updated"
    assert updated["related_object"]["id"] == run["id"]


@pytest.mark.parametrize(("status", "told"), [("failed", ["failed", "created"]), ("canceled", ["created"])])
def test_a_canceled_run_of_the_first_generation_is_told_by_what_it_is_shown_as(
    api: Api, status: str, told: list[str]
) -> None:
    api.control(reporting_canceled=status)
    api.run("SELECT 1 -- sandbox: cancel")
    assert words(api) == told
