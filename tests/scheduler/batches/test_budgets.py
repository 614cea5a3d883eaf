"""What a batch that its definition's budget has no room for is told."""

from datetime import date

import pytest
import redis

from forebay.governor.deployment.spent_runs import SpentRuns
from forebay.scheduler.batches.budgets import DailyBudget, spend
from forebay.scheduler.errors import BudgetExceeded

DAY = date(2026, 11, 22)


def budget(runs: int) -> DailyBudget:
    return DailyBudget(definition="fees", runs_per_day=10, runs=runs)


def test_a_batch_that_does_not_fit_is_refused_and_not_counted(valkey: redis.Redis) -> None:
    assert spend(SpentRuns(valkey), budget(10), "b1", DAY, {})
    with pytest.raises(
        BudgetExceeded, match=r"fees: this batch has 1 runs, 10 were accepted today \(UTC\), and .* says 10; nothing"
    ):
        spend(SpentRuns(valkey), budget(1), "b2", DAY, {})
    assert SpentRuns(valkey).total("fees", DAY) == 10


def test_a_batch_that_was_counted_is_told_apart_since_it_may_not_be_taken_back(valkey: redis.Redis) -> None:
    assert spend(SpentRuns(valkey), budget(10), "b1", DAY, {})
    assert not spend(SpentRuns(valkey), budget(10), "b1", DAY, {})
