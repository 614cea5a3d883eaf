"""Decides whether a definition may begin more runs today: what asks for runs claims them in the ledger first.

A claim is written before all claims of the day are read. So of those that are granted, whoever read last has read all
others, and found room for itself beside them: together they are never more than the budget, whoever dies, in whatever
order they come, and whatever Redis has lost, since it is not asked. What died between its claim and its work counts
until the day is over.

Of several that come at the same moment and do not all fit some have to give way, or each would refuse the others. The
lots in their claims decide: one that would fit if all gave way that it did not see before it claimed, and whose lots
are behind its own, waits until they have; the others take their claims back at once. So of claims of one size as many
pass as fit, and of any sizes one at least. Nothing but a reading in which all claims fit grants anything: a death in
the midst of this costs a refusal, and never the budget.

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


def take(
    spent: SpentRecords, budget: DailyBudget, who: str, day: date, *, sleep: Callable[[float], object] = time.sleep
) -> str:
    """Takes runs of a day; returns the claim, by which they are taken back if nothing comes of it.

    Raises `BudgetExceeded`, and then nothing is taken, and StoreError. Where others claim at the same moment it takes
    some two seconds at most.
    """
    before = _before(spent, budget, who, day, sleep)
    claim = spent.claim(budget.definition, day, who, budget.runs)
    try:
        _settle(spent, budget, who, day, before, sleep)
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
    budget = DailyBudget.of_batch(policy, 1)
    return budget is not None and taken(spent, budget.names, now.astimezone(UTC).date()) >= budget.runs_per_day


def _before(
    spent: SpentRecords, budget: DailyBudget, who: str, day: date, sleep: Callable[[float], object]
) -> list[SpentClaim]:
    """Reads what was claimed before, so that who is refused anyhow writes nothing. Raises `BudgetExceeded`."""
    for look in range(_MOST_LOOKS):
        claims = _claims(spent, budget.names, day)
        others = _others(claims, who)
        if others + budget.runs <= budget.runs_per_day:
            return claims
        # More than there is was never granted: some of these are about to give way.
        if others <= budget.runs_per_day:
            break
        if look < _MOST_LOOKS - 1:
            sleep(_BETWEEN_LOOKS_S)
    raise _refused(budget, others)


def _settle(
    spent: SpentRecords,
    budget: DailyBudget,
    who: str,
    day: date,
    before: Iterable[SpentClaim],
    sleep: Callable[[float], object],
) -> None:
    """Returns once all claims fit beside each other. Raises `BudgetExceeded` where they do not, or this gives way."""
    for look in range(_MOST_LOOKS):
        if look:
            sleep(_BETWEEN_LOOKS_S)
        claims = _claims(spent, budget.names, day)
        others = _others(claims, who)
        if others + budget.runs <= budget.runs_per_day:
            return
        if not _goes_first(claims, {claim.key for claim in before}, segment(who), budget.runs_per_day):
            break
    raise _refused(budget, others)


def _goes_first(claims: Iterable[SpentClaim], before: Collection[str], who: str, runs_per_day: int) -> bool:
    """Tells whether a claim fits if all give way that were not there before it, and whose lots are behind its own."""
    runs, lots = _by_who(claims), {claim.who: claim.lot for claim in sorted(claims, key=lambda each: each.lot)[::-1]}
    old = {claim.who for claim in claims if claim.key in before} - {who}
    total = sum(runs[each] for each in old)
    for each in sorted(runs.keys() - old, key=lambda one: (lots[one], one)):
        if total + runs[each] <= runs_per_day:
            total += runs[each]
            if each == who:
                return True
    return False


def _refused(budget: DailyBudget, others: int) -> BudgetExceeded:
    return BudgetExceeded(budget.definition, budget.runs, others, budget.runs_per_day, budget.why)


def _claims(spent: SpentRecords, names: Iterable[str], day: date) -> list[SpentClaim]:
    return [claim for name in names for claim in spent.claims(name, day)]


def _others(claims: Iterable[SpentClaim], who: str) -> int:
    return sum(runs for each, runs in _by_who(claims).items() if each != segment(who))


def _by_who(claims: Iterable[SpentClaim]) -> dict[str, int]:
    """Sums up: who claims twice takes once."""
    found: dict[str, int] = {}
    for claim in claims:
        found[claim.who] = max(claim.runs, found.get(claim.who, 0))
    return found
