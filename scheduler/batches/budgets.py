"""Decides whether a definition may begin more runs today: what asks for runs claims them in the ledger first.

A claim is written before all claims of the day are read. So of those that are granted, whoever read last has read all
others, and found room for itself beside them: together they are never more than the budget, whoever dies, in whatever
order they come, and whatever Redis has lost, since it is not asked. Two that come at the same moment may both be
refused where one would have fitted; and what died between its claim and its work counts until the day is over.

Called for batches (`submitting.py`), for the parts of a run that is cut, for questions whether data is ready, and for
further attempts: those that a person asks for (`retrying.py`) and those that a fault of Stripe's asks for.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from forebay.scheduler.errors import BudgetExceeded
from forebay.store.errors import StoreError
from forebay.store.key_rules import segment
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.spent_records import SpentRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBudget:
    """What is wanted of a definition's runs of the day."""

    definition: str
    former_names: tuple[str, ...] = ()
    """Names that it had: what was taken under these counts, too."""
    runs_per_day: int
    """How many the definition has."""
    runs: int
    """How many of them are wanted."""
    why: str = ""
    """What says that it has no more, for people."""

    @classmethod
    def of_batch(cls, policy: Policy | None, runs: int) -> "DailyBudget | None":
        """Says what a batch wants once it was accepted; None where its definition has no bound."""
        if policy is None or policy.runs_per_day is None:
            return None
        return cls(
            definition=policy.definition,
            former_names=policy.former_names,
            runs_per_day=policy.runs_per_day,
            runs=runs,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Lists the names of the definition, that of now first."""
        return (self.definition, *self.former_names)


def take(spent: SpentRecords, budget: DailyBudget, who: str, day: date) -> str:
    """Takes runs of a day; returns the claim, by which they are taken back if nothing comes of it.

    Raises `BudgetExceeded`, and then nothing is taken, and StoreError.
    """
    _check(spent, budget, who, day)  # who is refused anyhow writes nothing
    claim = spent.claim(budget.definition, day, who, budget.runs)
    try:
        _check(spent, budget, who, day)
    except BaseException:
        with suppress(StoreError):  # it counts until the day is over, then
            spent.take_back(claim)
        raise
    return claim


def taken(spent: SpentRecords, names: Iterable[str], day: date) -> int:
    """Counts what is taken of a day of a definition, under all of its names. Raises StoreError."""
    return sum(_taken(spent, names, day).values())


def is_used_up(spent: SpentRecords, policy: Policy, now: datetime) -> bool:
    """Tells whether nothing is left of a batch's budget today, so that what it wants waits. Raises StoreError."""
    budget = DailyBudget.of_batch(policy, 1)
    return budget is not None and taken(spent, budget.names, now.astimezone(UTC).date()) >= budget.runs_per_day


def _check(spent: SpentRecords, budget: DailyBudget, who: str, day: date) -> None:
    others = _taken(spent, budget.names, day)
    others.pop(segment(who), None)
    if sum(others.values()) + budget.runs > budget.runs_per_day:
        raise BudgetExceeded(budget.definition, budget.runs, sum(others.values()), budget.runs_per_day, budget.why)


def _taken(spent: SpentRecords, names: Iterable[str], day: date) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        for who, runs in spent.of(name, day).items():
            found[who] = max(runs, found.get(who, 0))
    return found
