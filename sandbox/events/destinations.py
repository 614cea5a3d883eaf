"""Says which event destinations an account has: a list of the settings, shown and never delivered to.

What is really sent goes to the one webhook of the settings (`pushing.py`); these are what Stripe would list beside it.
Fields as in stripe-python's `v2/core/_event_destination.py`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ShownDestination(BaseModel):
    """One of them, as far as it can be chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Literal["webhook_endpoint", "amazon_eventbridge", "azure_event_grid"] = "webhook_endpoint"
    enabled_events: list[str] = Field(min_length=1)
    disabled: str | None = None
    """Why it is disabled: user, no_aws_event_source_exists, no_azure_partner_topic_exists; unset is enabled."""

    def shown(self, number: int, *, livemode: bool) -> dict[str, object]:
        """Shapes it as Stripe does."""
        kinds: dict[str, dict[str, object]] = {
            "webhook_endpoint": {"webhook_endpoint": {"signing_secret": None, "url": None}},
            "amazon_eventbridge": {
                "amazon_eventbridge": {
                    "aws_account_id": "000000000000",
                    "aws_event_source_arn": f"arn:aws:events:us-east-1::event-source/aws.partner/stripe.com/{number}",
                    "aws_event_source_status": "unknown" if self.disabled else "active",
                }
            },
            "azure_event_grid": {
                "azure_event_grid": {
                    "azure_partner_topic_name": "sandbox",
                    "azure_partner_topic_status": "unknown" if self.disabled else "activated",
                    "azure_region": "westeurope",
                    "azure_resource_group_name": "sandbox",
                    "azure_subscription_id": "00000000-0000-0000-0000-000000000000",
                }
            },
        }
        return {
            "id": f"ed_{'' if livemode else 'test_'}{number:016}",
            "object": "v2.core.event_destination",
            "created": "2026-10-01T00:00:00.000Z",
            "updated": "2026-10-01T00:00:00.000Z",
            "description": "",
            "enabled_events": self.enabled_events,
            "event_payload": "thin",
            "events_from": ["@self"],
            "livemode": livemode,
            "metadata": {},
            "name": self.name,
            "snapshot_api_version": None,
            "status": "disabled" if self.disabled else "enabled",
            "status_details": {"disabled": {"reason": self.disabled}} if self.disabled else None,
            "type": self.type,
            **kinds[self.type],
        }
