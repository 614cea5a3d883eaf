"""Refuses a batch whose definition has spent its runs of the day, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from forebay.governor.deployment.spent_runs import Spending, SpentRuns
from forebay.scheduler.errors import BudgetExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBudget:
    """What a batch takes of its definition's runs of the day."""

    definition: str
    former_names: tuple[str, ...] = ()
    """Names that it had: what was spent under these counts, too."""
    runs_per_day: int
    """How many the definition has."""
    runs: int
    """How many of them the batch wants."""

    @property
    def names(self) -> tuple[str, ...]:
        """Lists the names of the definition, that of now first."""
        return (self.definition, *self.former_names)


def spend(spent_runs: SpentRuns, budget: DailyBudget, batch: str, day: date, known: Mapping[str, int]) -> bool:
    """Counts a batch's runs, beside those that the ledger knows were taken; False if it was counted before.

    Raises `BudgetExceeded`, and then nothing is counted, and `GovernorError`.
    """
    name, runs_per_day = budget.definition, budget.runs_per_day
    spent = spent_runs.spend(name, day, batch, runs=budget.runs, runs_per_day=runs_per_day, known=known)
    if spent.verdict is Spending.TOO_MANY:
        raise BudgetExceeded(name, budget.runs, spent.total, runs_per_day)
    return spent.verdict is Spending.COUNTED
