"""Says of an item that its QueryRun is there already: only the result is fetched, and nothing is asked.

What it asked stands here, and not as the item's SQL: a worker of an older release knows none of this, and would send it
to Stripe once more. So it has nothing to send.
"""

from dataclasses import dataclass

from pydantic import AwareDatetime

from forebay.store.ledger.batch_policy import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A QueryRun that is there already, and what is known of it."""

    query_run: str
    run: str | None = None
    """The run (`<batch>/<index>`) that landed it before, or did not; None where it is fetched for the first time."""
    elsewhere: bool = False
    """It was started by another program, or in Stripe's Dashboard."""
    sql: str | None = None
    """What it asked; None where nobody here knows."""
    definition: str | None = None
    spec_sha256: str | None = None
    window: Span | None = None
    ended_at: AwareDatetime | None = None
    """When its end was seen, the first time."""
    data_loaded_at: AwareDatetime | None = None
