"""How a batch is served beside others: one value, from the spec or the command line to the grant.

The spec's defaults and definitions have it, the ledger keeps it with the batch, and the governor grants by it.
"""

from dataclasses import dataclass
from enum import StrEnum


class FlowClass(StrEnum):
    """Who goes first: a class is served before those after it."""

    INTERACTIVE = "interactive"  # a person waits for it
    SCHEDULED = "scheduled"  # it has a time to be done by
    BACKFILL = "backfill"  # whenever there is room


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a flow is served beside others: its class, its weight within it, and the most slots it may hold (0: any)."""

    flow_class: FlowClass = FlowClass.SCHEDULED
    weight: float = 1.0
    ceiling: int = 0


DEFAULT_STANDING = Standing()
