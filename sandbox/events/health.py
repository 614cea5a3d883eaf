"""Makes the event by which Stripe says that it never made some other one, and that it is well again."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from forebay.sandbox.events.thin_events import SandboxEvent, rfc3339_ms

HEALTH = "v2.core.health.event_generation_failure.resolved"


def confess(missed: SandboxEvent, *, after_s: float) -> SandboxEvent:
    """Tells of an event that was never made, so long after it should have been."""
    resolved_at = missed.created_at + timedelta(seconds=after_s)
    return SandboxEvent(
        type=HEALTH,
        created_at=resolved_at,
        owner=missed.owner,
        livemode=missed.livemode,
        subject=None,
        whole={"data": _data(missed, resolved_at)},
    )


def _data(missed: SandboxEvent, resolved_at: datetime) -> dict[str, Any]:
    impact: dict[str, Any] = {"event_type": missed.type}
    if missed.subject:
        impact["related_object"] = missed.subject.shown()
    return {
        "alert_id": f"alert_{token_hex(8)}",
        "grouping_key": token_hex(8),
        "impact": impact,
        "resolved_at": rfc3339_ms(resolved_at),
        "severity": "critical",
        "summary": "An event was not generated. Events are generated again.",
    }
