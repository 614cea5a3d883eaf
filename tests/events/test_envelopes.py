"""Events come out of each envelope in which they travel, as far as the official client knows them, and out of SNS."""

import json
from typing import Any

import pytest
import stripe

from forebay.events.envelopes import read_events
from forebay.events.errors import NotAnEvent

EVENT = {
    "id": "evt_test_1",
    "object": "v2.core.event",
    "type": "v2.data.reporting.query_run.failed",
    "created": "2026-11-18T21:02:00.000Z",
    "context": "acct_1",
    "livemode": True,
    "related_object": {"id": "qryrun_1", "type": "v2.data.reporting.query_run", "url": "/v2/…"},
}
SNAPSHOT = {"id": "evt_2", "object": "event", "type": "charge.succeeded", "data": {"object": {"id": "ch_1"}}}


def event_bridge(event: object) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "v2.data.reporting.query_run.failed",
        "source": "aws.partner/stripe.com/ed_test_1",
        "account": "123456789012",
        "time": "2026-11-18T21:02:01Z",
        "region": "us-east-1",
        "resources": [],
        "detail": event,
    }


def sns(message: object) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:stripe",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2026-11-18T21:02:01.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
    }


def cloud_event(event: object) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "v2.data.reporting.query_run.failed",
        "source": "/providers/stripe/ed_test_1",
        "id": "b2f9",
        "time": "2026-11-18T21:02:01Z",
        "subject": None,
        "dataContentType": "application/json",
        "data": event,
    }


def names(body: object) -> list[str]:
    return [event.id for event in read_events(json.dumps(body))]


@pytest.mark.parametrize("wrap", [lambda event: event, event_bridge, cloud_event])
def test_an_event_comes_out_as_the_official_client_takes_it_out(wrap: Any) -> None:
    body = json.dumps(wrap(EVENT))

    (ours,) = read_events(body)

    theirs = stripe.StripeClient("sk_test_1").parse_event_notification_without_verification(body)
    assert (ours.id, ours.type, ours.context, ours.livemode) == (
        theirs.id, theirs.type, str(theirs.context), theirs.livemode,
    )  # fmt: skip
    assert ours.object_id == "qryrun_1"


@pytest.mark.parametrize(
    "body",
    [sns(EVENT), sns(event_bridge(EVENT)), [cloud_event(EVENT)], sns([cloud_event(EVENT)]), [EVENT]],
)
def test_and_out_of_those_that_it_does_not_know(body: object) -> None:
    (ours,) = read_events(json.dumps(body).encode())

    assert (ours.id, ours.object_id) == ("evt_test_1", "qryrun_1")


def test_a_list_gives_all_its_events_and_passes_over_what_is_none() -> None:
    assert names([cloud_event(EVENT), {"specversion": "1.0", "data": "?"}, 7, SNAPSHOT]) == ["evt_test_1", "evt_2"]


def test_an_event_of_the_first_generation_is_one_of_a_type_that_nobody_knows() -> None:
    assert names(SNAPSHOT) == ["evt_2"]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("null", "no JSON object"),
        ("[]", "without an event"),
        ('[{"id": "evt_1"}, 7]', "without an event"),
        ("{}", "no id"),
        (json.dumps(event_bridge("?")), "no JSON object"),
        (json.dumps(event_bridge({})), "no id"),
        (json.dumps(cloud_event(None)), "no JSON object"),
        (json.dumps(sns("hello")), "SNS carries"),
        (json.dumps(sns("[" * 100_000)), "SNS carries"),
        (json.dumps({"Type": "SubscriptionConfirmation", "SubscribeURL": "https://…"}), "to be confirmed"),
        (json.dumps(sns(sns(sns(sns(EVENT))))), "too many others"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(raw: str | bytes, why: str) -> None:
    with pytest.raises(NotAnEvent, match=why):
        read_events(raw)
