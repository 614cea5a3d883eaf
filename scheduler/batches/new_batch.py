"""Says what is to become a batch: the one value that goes from a command, beat or a closing to `Submitter.submit`."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from forebay.config.connections import Connection
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.sharing import Sharing
from forebay.store.ledger.records import BatchTerms, Item

_ID_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"  # nothing that is read wrong aloud


def new_batch_id(now: datetime) -> str:
    """Makes an id that sorts by time and can be read aloud; 30^5 a second do not meet."""
    return f"{now:%Y%m%d-%H%M%S}-{''.join(random.choices(_ID_ALPHABET, k=5))}"


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
    budget: DailyBudget | None = None
    """What it takes of its definition's runs of the day; None where it is of no definition."""
    fresh: bool = False
    """Its runs are to be made anew, whatever was asked before under its id, even if nothing here remembers that."""
