"""Events are read as the official client reads them, and where Stripe left something out or sent what nobody knows."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from stripe.events import _event_classes as published
from stripe.v2.core import EventNotification

from forebay.events.errors import NotAnEvent
from forebay.events.stripe_event import SWEPT_TYPES, EventKind, kind_of, read_event

BODY: Mapping[str, Any] = {
    "id": "evt_test_65R9",
    "object": "v2.core.event",
    "type": "v2.data.reporting.query_run.succeeded",
    "created": "2026-11-18T21:02:00.919623613Z",
    "livemode": False,
    "context": "org_1/acct_2",
    "reason": None,
    "related_object": {
        "id": "qryrun_test_65R9",
        "type": "v2.data.reporting.query_run",
        "url": "/v2/data/reporting/query_runs/qryrun_test_65R9",
    },
}


def kind(event_type: str) -> EventKind:
    return kind_of(read_event({**BODY, "type": event_type}))


def test_an_event_is_read_as_the_official_client_reads_it() -> None:
    event, theirs = read_event(BODY), official(BODY)

    assert (event.id, event.type, event.livemode) == (theirs.id, theirs.type, theirs.livemode)
    assert event.object_id == theirs.related_object.id  # type: ignore[attr-defined]
    assert event.context == str(theirs.context)
    assert event.created == datetime(2026, 11, 18, 21, 2, 0, 919623, UTC)


@pytest.mark.parametrize("gone", ["object", "created", "livemode", "context", "reason", "related_object"])
def test_what_may_be_missing_is_none(gone: str) -> None:
    body = {key: value for key, value in BODY.items() if key != gone}

    event = read_event(body)

    assert (event.id, event.type) == (BODY["id"], BODY["type"])
    if gone == "related_object":
        assert event.object_id is None
    elif gone not in ("object", "reason"):
        assert getattr(event, gone) is None


@pytest.mark.parametrize(
    "odd",
    [
        {"created": 1764277200},
        {"created": "yesterday"},
        {"created": "0001-01-01T00:00:00+14:00"},  # before the first moment that Python knows
        {"created": None},
        {"livemode": "false"},
        {"context": {"account": "acct_1"}},
        {"context": "acct_1\r\nforged line"},
        {"related_object": "qryrun_1"},
        {"related_object": {"id": 7}},
        {"related_object": {"id": "qryrun_1}:run:{other"}},
        {"related_object": {"id": "q" * 256}},
        {"related_object": {"id": ""}},
        {"reason": {"type": "request", "request": {"id": "req_1"}}},
    ],
)
def test_what_is_odd_is_none_and_the_rest_is_read(odd: dict[str, Any]) -> None:
    event = read_event({**BODY, **odd})

    known = read_event(BODY)
    (key,) = odd
    name = "object_id" if key == "related_object" else key
    assert (event.id, event.type) == (known.id, known.type)
    for field in ("created", "livemode", "context", "object_id"):
        assert getattr(event, field) == (None if field == name else getattr(known, field))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        [BODY],
        "evt_1",
        {},
        {**BODY, "id": None},
        {**BODY, "id": ""},
        {**BODY, "id": "evt 1"},
        {**BODY, "id": "evt_\u0661"},
        {**BODY, "type": 3},
        {key: value for key, value in BODY.items() if key != "type"},
    ],
)
def test_without_an_id_and_a_type_it_is_no_event(body: object) -> None:
    with pytest.raises(NotAnEvent):
        read_event(body)


def test_the_time_of_an_event_may_come_without_a_zone_and_in_another() -> None:
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)

    assert read_event({**BODY, "created": "2026-11-18T12:00:00"}).created == noon
    assert read_event({**BODY, "created": "2026-11-18T13:00:00+01:00"}).created == noon


@pytest.mark.parametrize("family", ["v2.data.reporting.query_run", "v2.data.query_run", "v2.data.report_run"])
def test_both_generations_and_report_runs_say_the_same(family: str) -> None:
    ends = {kind(f"{family}.succeeded"), kind(f"{family}.failed")}

    assert ends == {EventKind.ENDED}
    assert kind(f"{family}.updated") is EventKind.UPDATED
    assert kind(f"{family}.created") is EventKind.CREATED


def test_lost_events_and_pings_are_known_and_all_else_is_not() -> None:
    assert kind("v2.core.health.event_generation_failure.resolved") is EventKind.LOST
    assert kind("v2.core.event_destination.ping") is EventKind.PING
    assert kind("v2.data.reporting.query_run.succeeded.v2") is EventKind.OTHER
    assert kind("v1.sigma.scheduled_query_run.created") is EventKind.OTHER


def test_a_ping_is_one_whatever_it_calls_what_it_tries() -> None:
    for shape in ("v2.core.event_destination", "event_destination"):
        ping = {**BODY, "type": "v2.core.event_destination.ping", "related_object": {"id": "ed_1", "type": shape}}

        assert kind_of(read_event(ping)) is EventKind.PING


def test_the_types_that_the_official_client_has_of_query_runs_are_ours() -> None:
    theirs = {name for name in published._V2_EVENT_NOTIFICATION_CLASS_LOOKUP if name.startswith("v2.data.")}

    assert theirs
    assert EventKind.OTHER not in {kind(name) for name in theirs}


def test_the_events_list_is_asked_for_what_leads_to_a_look_and_for_no_more_types_than_it_takes() -> None:
    assert len(SWEPT_TYPES) == len(set(SWEPT_TYPES)) <= 20
    assert {kind(name) for name in SWEPT_TYPES} == {EventKind.ENDED, EventKind.UPDATED, EventKind.LOST}


def official(body: Mapping[str, Any]) -> EventNotification:
    client = stripe.StripeClient("sk_test_1")
    return client.parse_event_notification_without_verification(json.dumps(body))
