"""Events made by hand."""

from typing import Any

import pytest

from tests.sandbox.driver import EVENTS, LIVE_KEY, ORGANIZATION_KEY, Api, error_of


def test_an_event_can_be_about_a_run_that_nobody_made(api: Api) -> None:
    api.make_event("v2.data.reporting.query_run.succeeded", object_id="qryrun_x")
    (event,) = api.event_list()
    assert event["related_object"] == {
        "id": "qryrun_x",
        "type": "v2.data.reporting.query_run",
        "url": "/v2/data/reporting/query_runs/qryrun_x",
    }


def test_an_event_can_be_anybodys(api: Api) -> None:
    api.make_event(account="acct_sandbox0002", livemode=True)
    api.make_event(account="organization")
    assert len(api.event_list(key="sk_live_acct_sandbox0002_x")) == 1
    assert len(api.event_list(key=ORGANIZATION_KEY)) == 1
    assert api.event_list() == api.event_list(key=LIVE_KEY) == []


@pytest.mark.parametrize("shape", ["v2.core.event_destination", "event_destination"])
def test_a_ping_is_about_its_destination_in_either_shape(api: Api, shape: str) -> None:
    api.make_event("v2.core.event_destination.ping", object_type=shape)
    (event,) = api.event_list()
    about = event["related_object"]
    assert (about["type"], about["url"]) == (shape, f"/v2/core/event_destinations/{about['id']}")


def test_its_data_is_shown_when_it_is_fetched(api: Api) -> None:
    (event_id,) = api.make_event(data={"alert_id": "a"})
    assert "data" not in api.event_list()[0]
    assert api.http.get(f"{EVENTS}/{event_id}", headers=api.headers()).json()["data"] == {"alert_id": "a"}


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ([], "valid dict"),
        ({}, "type"),
        ({"type": "a", "account": "acct_x"}, "acct_x"),
        ({"type": "a", "count": 0}, "count"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(api: Api, order: Any, complaint: str) -> None:
    answer = api.http.post("/sandbox/events", json=order)
    assert (answer.status_code, complaint in error_of(answer)["message"]) == (400, True)
    assert api.event_list() == []
