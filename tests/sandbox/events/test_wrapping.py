"""Envelopes, which Stripe's own client unwraps where it can."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from forebay.sandbox.events.thin_events import SandboxEvent, Subject
from forebay.sandbox.events.wrapping import wrap
from forebay.sandbox.setting_choices import Envelope

OBJECT = "v2.data.reporting.query_run"
EVENT = SandboxEvent(
    type=f"{OBJECT}.succeeded",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    owner="acct_a",
    livemode=False,
    subject=Subject(id="qryrun_x", type=OBJECT, url="/v2/data/reporting/query_runs/qryrun_x"),
).thin()


def unwrapped(body: Any) -> Any:
    return stripe.StripeClient("sk_test_x").parse_event_notification_without_verification(json.dumps(body))


@pytest.mark.parametrize("envelope", [Envelope.NONE, Envelope.EVENT_BRIDGE, Envelope.CLOUD_EVENT])
def test_stripes_client_unwraps_it(envelope: Envelope) -> None:
    told = unwrapped(wrap(EVENT, envelope))
    assert (told.id, told.related_object.id) == (EVENT["id"], "qryrun_x")


def test_sns_holds_eventbridges_body_as_a_string() -> None:
    message: Any = wrap(EVENT, Envelope.SNS)
    inner = json.loads(message["Message"])
    assert (message["Type"], inner["detail-type"]) == ("Notification", EVENT["type"])
    assert unwrapped(inner).id == EVENT["id"]


def test_cloud_events_may_come_as_a_list() -> None:
    (one,) = wrap(EVENT, Envelope.CLOUD_EVENTS)  # type: ignore[misc]
    assert one["specversion"] == "1.0"
    assert unwrapped(one).id == EVENT["id"]
