"""Wraps an event as the queues do that it travels by: EventBridge, SNS around that, Event Grid's CloudEvents."""

import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from forebay.sandbox.setting_choices import Envelope

_ACCOUNT, _REGION = "123456789012", "us-east-1"


def wrap(thin: Mapping[str, Any], envelope: Envelope) -> object:
    """Puts a thin event into an envelope, as it lands in a queue."""
    match envelope:
        case Envelope.EVENT_BRIDGE:
            return _event_bridge(thin)
        case Envelope.SNS:
            return _sns(_event_bridge(thin), thin["created"])
        case Envelope.CLOUD_EVENT:
            return _cloud_event(thin)
        case Envelope.CLOUD_EVENTS:
            return [_cloud_event(thin)]
        case _:
            return thin


def _event_bridge(thin: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": thin["type"],
        "source": "aws.partner/stripe.com/ed_test_sandbox",
        "account": _ACCOUNT,
        "time": thin["created"],
        "region": _REGION,
        "resources": [],
        "detail": thin,
    }


def _sns(message: Mapping[str, Any], at: str) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": f"arn:aws:sns:{_REGION}:{_ACCOUNT}:stripe",
        "Message": json.dumps(message),
        "Timestamp": at,
        "SignatureVersion": "1",
        "Signature": secrets.token_urlsafe(32),
        "SigningCertURL": f"https://sns.{_REGION}.amazonaws.com/sandbox.pem",
        "UnsubscribeURL": f"https://sns.{_REGION}.amazonaws.com/?Action=Unsubscribe",
    }


def _cloud_event(thin: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": thin["type"],
        "source": "/providers/stripe/ed_test_sandbox",
        "id": str(uuid.uuid4()),
        "time": thin["created"],
        "subject": None,
        "dataContentType": "application/json",
        "data": thin,
    }
