"""Money bounds runs by what one is expected to cost, and by what was spent; where nobody knows a price, it does not."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from forebay.config.document.definition_sections import BudgetSpec
from forebay.config.document.price_spec import PriceSpec
from forebay.scheduler.costs.budget_bound import Today, runs_bound
from forebay.scheduler.costs.prices import Prices
from tests.store.ledger.test_use_records import USE

PRICES = Prices([PriceSpec.model_validate({"from": USE.day, "currency": "EUR", "per_run": Decimal("0.5")})])
CENTS = Decimal("0.25")


def bound(
    budget: Mapping[str, Any], run_cost: Decimal | None = CENTS, used: int = 0, taken: int = 9
) -> tuple[int, str] | None:
    uses = [replace(USE, query_run=f"qryrun_{number}") for number in range(used)]
    today = Today(run_cost=run_cost, uses=[(USE.day, uses)], taken=taken)
    found = runs_bound(BudgetSpec.model_validate(budget), PRICES, today)
    return found and (found.runs, found.why)


@pytest.mark.parametrize(
    ("budget", "runs", "why"),
    [
        ({"runs_per_day": 7}, 7, "budget.runs_per_day says 7"),
        ({"cost_per_day": "2.10"}, 8, "budget.cost_per_day says 2.10 EUR, enough for 8 at 0.25 each"),
        ({"cost_per_day": "0.1"}, 0, "budget.cost_per_day says 0.10 EUR, enough for 0 at 0.25 each"),
        ({"cost_per_day": 2, "runs_per_day": 7}, 7, "budget.runs_per_day says 7"),
        ({"cost_per_day": 1, "runs_per_day": 7}, 4, "budget.cost_per_day says 1.00 EUR, enough for 4 at 0.25 each"),
    ],
)
def test_the_tighter_one_holds(budget: Mapping[str, Any], runs: int, why: str) -> None:
    assert bound(budget) == (runs, why)


def test_without_a_budget_or_a_price_nothing_is_bounded() -> None:
    assert bound({}) is None
    assert bound({"cost_per_day": 1}, None) is None
    assert bound({"cost_per_day": 1, "runs_per_day": 3}, None) == (3, "budget.runs_per_day says 3")


def test_what_was_spent_counts_as_it_was_whatever_was_expected() -> None:
    says = "budget.cost_per_day says 1.00 EUR, 0.50 are spent, the rest is enough for 2 at 0.25 each"
    assert bound({"cost_per_day": 1}, used=1) == (3, says), "it cost twice what was expected"
    assert bound({"cost_per_day": 1}, used=1, taken=0) == (2, says), "it ran before there was a budget"
    assert bound({"cost_per_day": 1}, used=2) == (0, "budget.cost_per_day says 1.00 EUR, and 1.00 are spent")
    assert bound({"cost_per_day": 1}, None, used=3) == (0, "budget.cost_per_day says 1.00 EUR, and 1.50 are spent")


def test_where_no_history_tells_what_a_run_costs_those_of_today_do() -> None:
    says = "budget.cost_per_day says 2.00 EUR, 1.00 are spent, the rest is enough for 2 at 0.50 each"
    assert bound({"cost_per_day": 2}, None, used=2, taken=2) == (4, says)
    assert bound({"cost_per_day": 2}, None, used=0) is None, "nothing is known, and no price is guessed"
