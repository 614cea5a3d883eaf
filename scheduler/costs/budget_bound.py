"""Says how many runs a definition may begin a day: its bound in runs, or what its bound in money is enough for.

Money is turned into runs by what one run is expected to cost today, which is exact where a price goes by runs alone,
and where it goes by time, rows or bytes what history says, or else what today's own runs did cost. What was spent today
already is known as it was: past the bound there is no run left, whatever was expected. Where no price holds, or nothing
of a definition has landed yet that its price goes by, money bounds nothing: a price is never guessed.

A batch may begin runs on other days than that on which it was accepted: parts that waited, retries, further attempts.
Of those days money is a bound, too: as many runs as the whole of it is enough for at the price of that day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from forebay.config.document.definition_sections import BudgetSpec
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.costs.spending import CostSum, spending
from forebay.store.ledger.batch_policy import RunsFrom
from forebay.store.ledger.use_records import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsBound:
    """The most runs of a day, and what says so."""

    runs: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What is known of a definition's day where money bounds it."""

    run_cost: Decimal | None = None
    """What one run is expected to cost."""
    uses: Iterable[tuple[date, list[Use]]] = ()
    """What was spent."""
    taken: int = 0
    """Runs that are taken of its budget, those that have ended among them."""


def runs_bound(budget: BudgetSpec, prices: Prices, today: Today) -> RunsBound | None:
    """Finds the bound that holds; None if there is none."""
    bounds = []
    if budget.runs_per_day is not None:
        per_day = budget.runs_per_day
        bounds.append(RunsBound(runs=per_day, why=f"budget.runs_per_day says {per_day:,}"))
    if budget.cost_per_day is not None:
        bounds += _by_money(budget.cost_per_day, prices, today)
    return min(bounds, key=lambda bound: bound.runs, default=None)


def run_cost(prices: Prices, today: Today) -> Decimal | None:
    """Says what one run is expected to cost today: where history was not read, or tells nothing, what today's did."""
    return today.run_cost or _mean(spending(today.uses, lambda _: (), prices.of_use).values())


def on_other_days(budget: BudgetSpec, costs: Iterable[tuple[date, Decimal | None]]) -> tuple[RunsFrom, ...]:
    """Says how many runs may begin on days of which nothing is known but what one costs from each of some days on."""
    return tuple(RunsFrom(since=since, runs=_enough(budget, cost)) for since, cost in costs)


def _enough(budget: BudgetSpec, cost: Decimal | None) -> int | None:
    by_money = int(budget.cost_per_day / cost) if budget.cost_per_day is not None and cost else None
    return min((runs for runs in (budget.runs_per_day, by_money) if runs is not None), default=None)


def _by_money(most: Decimal, prices: Prices, today: Today) -> list[RunsBound]:
    says = f"budget.cost_per_day says {_plain(most)} {prices.currency}"
    sums = spending(today.uses, lambda _: (), prices.of_use)
    spent = sum((each.cost for each in sums.values()), Decimal(0))
    if spent >= most:
        return [RunsBound(runs=0, why=f"{says}, and {_plain(round(spent, 2))} are spent")]
    each_costs = today.run_cost or _mean(sums.values())
    if not each_costs:
        return []
    # Those that ended cost what they did, as claims of the budget or from before there was one; the others what is
    # expected of them.
    ended = min(today.taken, sum(each.runs for each in sums.values()))
    left = int((most - spent) / each_costs)
    but = f"{_plain(round(spent, 2))} are spent, the rest is " if spent else ""
    return [RunsBound(runs=ended + left, why=f"{says}, {but}enough for {left:,} at {_plain(each_costs)} each")]


def _mean(sums: Iterable[CostSum]) -> Decimal | None:
    """Finds what a run of today did cost."""
    priced = [(each.cost, each.runs - each.unpriced) for each in sums if each.runs > each.unpriced]
    runs = sum(count for _, count in priced)
    return round(sum((cost for cost, _ in priced), Decimal(0)) / runs, 6) if runs else None


def _plain(amount: Decimal) -> str:
    """Writes money with two digits behind the point, or with all that it has."""
    return f"{amount:.2f}" if amount == round(amount, 2) else f"{amount.normalize():f}"
