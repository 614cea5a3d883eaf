"""Decides whether a definition may begin more runs today: what asks for runs claims them in the ledger first.

A claim is written before all claims of the day are read. So of those that are granted, whoever read last has read all
others, and found room for itself beside them: together they are never more than the budget, whoever dies, in whatever
order they come, and whatever Redis has lost, since it is not asked. What died between its claim and its work counts
until the day is over.

Of several that come at the same moment and do not all fit some have to give way, or each would refuse the others. The
lots in their claims decide: one that would fit if all gave way that it did not see before it claimed, and whose lots
are behind its own, waits until they have; the others take their claims back at once. So of claims of one size as many
pass as fit, and of any sizes one at least. Nothing but a reading in which all claims fit grants anything: a death in
the midst of this costs a refusal, and never the budget. Of different sizes one may be refused because of another that
gives way a moment later: nothing tells a claim that was granted long ago from one that was not yet.

What nobody bounds is claimed, too, and is not asked: a budget that is set later in the day counts it.

Called for batches (`submitting.py`), for the parts of a run that is cut, for questions whether data is ready, and for
further attempts: those that a person asks for (`retrying.py`) and those that a fault of Stripe's asks for.
"""

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from forebay.scheduler.errors import BudgetExceeded
from forebay.store.errors import StoreError
from forebay.store.key_rules import segment
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.spent_records import SpentClaim, SpentRecords

#: Who gives way has read and deleted within some tenths of a second; who does not is dead, and its claim stays.
_MOST_LOOKS, _BETWEEN_LOOKS_S = 10, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBudget:
    """What is wanted of a definition's runs of the day."""

    definition: str
    former_names: tuple[str, ...] = ()
    """Names that it had: what was taken under these counts, too."""
    runs_per_day: int | None = None
    """How many the definition has; None where nobody bounds it, and its runs are only counted."""
    runs: int
    """How many of them are wanted."""
    why: str = ""
    """What says that it has no more, for people."""

    @classmethod
    def of_batch(cls, policy: Policy | None, runs: int, day: date) -> "DailyBudget | None":
        """Says what a batch wants on a day once it was accepted; None where it is of no definition."""
        if policy is None:
            return None
        return cls(
            definition=policy.definition,
            former_names=policy.former_names,
            runs_per_day=policy.runs_on(day),
            runs=runs,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Lists the names of the definition, that of now first."""
        return (self.definition, *self.former_names)


def take(
    spent: SpentRecords, budget: DailyBudget, who: str, day: date, *, sleep: Callable[[float], object] = time.sleep
) -> str:
    """Takes runs of a day; returns the claim, by which they are taken back if nothing comes of it.

    Raises `BudgetExceeded`, and then nothing is taken, and StoreError. Where others claim at the same moment it takes
    some two seconds at most.
    """
    if budget.runs_per_day is None:
        return spent.claim(budget.definition, day, who, budget.runs, free=True)
    taking = _Taking(spent=spent, budget=budget, per_day=budget.runs_per_day, who=who, day=day, sleep=sleep)
    before = taking.before()
    claim = spent.claim(budget.definition, day, who, budget.runs)
    try:
        taking.settle(before)
    except BaseException:
        with suppress(StoreError):  # it counts until the day is over, then
            spent.take_back(claim)
        raise
    return claim


def taken(spent: SpentRecords, names: Iterable[str], day: date) -> int:
    """Counts what is taken of a day of a definition, under all of its names. Raises StoreError."""
    return sum(_by_who(_claims(spent, names, day)).values())


def is_used_up(spent: SpentRecords, policy: Policy, now: datetime) -> bool:
    """Tells whether nothing is left of a batch's budget today, so that what it wants waits. Raises StoreError."""
    day = now.astimezone(UTC).date()
    per_day = policy.runs_on(day)
    return per_day is not None and taken(spent, policy.names, day) >= per_day


def require(spent: SpentRecords, budget: DailyBudget, who: str, day: date) -> None:
    """Raises `BudgetExceeded` where the day has fewer runs left than are wanted, and StoreError. Takes none of them."""
    if budget.runs_per_day is not None:
        _Taking(spent=spent, budget=budget, per_day=budget.runs_per_day, who=who, day=day, sleep=time.sleep).before()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taking:
    """What somebody wants of a day that is bounded."""

    spent: SpentRecords
    budget: DailyBudget
    per_day: int
    who: str
    day: date
    sleep: Callable[[float], object]

    def before(self) -> list[SpentClaim]:
        """Reads what was claimed before, so that who is refused anyhow writes nothing. Raises `BudgetExceeded`."""
        for look in range(_MOST_LOOKS):
            claims = self._claims()
            others = self._others(claims)
            if self._fits(others):
                return claims
            # More than there is was never granted, but where nobody bounded it: some of these are about to give way.
            if others <= self.per_day or not self._fits(self._others(claim for claim in claims if claim.free)):
                break
            if look < _MOST_LOOKS - 1:
                self.sleep(_BETWEEN_LOOKS_S)
        raise self._refused(others)

    def settle(self, before: Iterable[SpentClaim]) -> None:
        """Returns once all claims fit beside each other. Raises `BudgetExceeded` where they do not, or it gives way."""
        seen = {claim.key for claim in before}
        for look in range(_MOST_LOOKS):
            if look:
                self.sleep(_BETWEEN_LOOKS_S)
            claims = self._claims()
            others = self._others(claims)
            if self._fits(others):
                return
            if not self._goes_first(claims, seen):
                break
        raise self._refused(others)

    def _goes_first(self, claims: Collection[SpentClaim], seen: Collection[str]) -> bool:
        """Tells whether it fits if all give way that it did not see before, and whose lots are behind its own."""
        own, runs = segment(self.who), _by_who(claims)
        lots = {claim.who: claim.lot for claim in sorted(claims, key=lambda each: each.lot, reverse=True)}  # the least
        old = {claim.who for claim in claims if claim.free or claim.key in seen} - {own}
        total = sum(runs[each] for each in old)
        for each in sorted(runs.keys() - old, key=lambda one: (lots[one], one)):
            if total + runs[each] <= self.per_day:
                total += runs[each]
                if each == own:
                    return True
        return False

    def _fits(self, others: int) -> bool:
        return others + self.budget.runs <= self.per_day

    def _claims(self) -> list[SpentClaim]:
        return _claims(self.spent, self.budget.names, self.day)

    def _others(self, claims: Iterable[SpentClaim]) -> int:
        return sum(runs for each, runs in _by_who(claims).items() if each != segment(self.who))

    def _refused(self, others: int) -> BudgetExceeded:
        return BudgetExceeded(self.budget.definition, self.budget.runs, others, self.per_day, self.budget.why)


def _claims(spent: SpentRecords, names: Iterable[str], day: date) -> list[SpentClaim]:
    return [claim for name in names for claim in spent.claims(name, day)]


def _by_who(claims: Iterable[SpentClaim]) -> dict[str, int]:
    """Sums up: who claims twice takes once."""
    found: dict[str, int] = {}
    for claim in claims:
        found[claim.who] = max(claim.runs, found.get(claim.who, 0))
    return found
