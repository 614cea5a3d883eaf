"""Says how a batch is served beside others: one value, from the spec or the command line to the grant.

The spec's defaults give it, definitions and people change it, the ledger keeps it with the batch, and the governor
grants by it.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum


class FlowClass(StrEnum):
    """Who goes first: a class is served before those after it."""

    INTERACTIVE = "interactive"  # a person waits for it
    SCHEDULED = "scheduled"  # it has a time to be done by
    BACKFILL = "backfill"  # whenever there is room


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a flow is served beside others."""

    flow_class: FlowClass = FlowClass.SCHEDULED
    weight: float = 1.0
    """Its share of the slots beside others of its class."""
    ceiling: int = 0
    """The most slots it may hold; 0: as many as its share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChange:
    """What of a standing is to be another; None leaves it as it is."""

    flow_class: FlowClass | None = None
    weight: float | None = None
    ceiling: int | None = None

    def applied_to(self, standing: Standing) -> Standing:
        """Gives the standing with these changes."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(standing, **{name: value for name, value in named.items() if value is not None})


DEFAULT_STANDING = Standing()
UNCHANGED = StandingChange()
