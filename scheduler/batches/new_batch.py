"""Says what is to become a batch: the one value that goes from a command, beat or a closing to `Batches.submit`."""

from collections.abc import Iterable
from dataclasses import dataclass

from forebay.config.connections import Connection
from forebay.scheduler.batches.budgets import Budget
from forebay.scheduler.batches.sharing import Sharing
from forebay.store.records import BatchTerms, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch that is not accepted yet."""

    terms: BatchTerms
    """What its record will say."""
    connection: Connection
    items: Iterable[Item]
    """Read once, while they are written: a stream may be longer than memory."""
    sharing: Sharing | None = None
    """How its items share runs of the same SQL; None where they share none."""
    budget: Budget | None = None
    """What it takes of its definition's runs of the day; None where these are not limited."""
