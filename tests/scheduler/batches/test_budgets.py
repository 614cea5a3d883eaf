"""What a definition may spend a day."""

import threading
from datetime import date

import pytest
import redis

from forebay.scheduler.batches.budgets import DailyBudget, refund, spend, spent_on
from forebay.scheduler.errors import BudgetExceeded

DAY = date(2026, 11, 22)


def budget(runs: int) -> DailyBudget:
    return DailyBudget(definition="fees", runs_per_day=10, runs=runs)


def test_batches_are_counted_until_the_next_would_be_too_much(valkey: redis.Redis) -> None:
    assert spend(valkey, budget(6), "b1", DAY)
    assert spend(valkey, budget(4), "b2", DAY)
    with pytest.raises(
        BudgetExceeded, match=r"fees: this batch has 1 runs, 10 were accepted today \(UTC\), and .* says 10; nothing"
    ):
        spend(valkey, budget(1), "b3", DAY)

    assert spent_on(valkey, "fees", DAY) == 10


def test_a_batch_is_counted_once(valkey: redis.Redis) -> None:
    assert spend(valkey, budget(10), "b1", DAY)
    assert not spend(valkey, budget(10), "b1", DAY)

    assert spent_on(valkey, "fees", DAY) == 10


def test_another_day_and_another_definition_count_for_themselves(valkey: redis.Redis) -> None:
    spend(valkey, budget(10), "b1", DAY)

    assert spend(valkey, budget(10), "b2", date(2026, 11, 23))
    assert spend(valkey, DailyBudget(definition="other", runs_per_day=10, runs=10), "b3", DAY)


def test_what_did_not_come_to_be_is_given_back(valkey: redis.Redis) -> None:
    spend(valkey, budget(10), "b1", DAY)
    refund(valkey, budget(10), "b1", DAY)

    assert spend(valkey, budget(10), "b2", DAY)


def test_the_count_does_not_stay_for_ever(valkey: redis.Redis) -> None:
    spend(valkey, budget(1), "b1", DAY)

    assert valkey.ttl("fb:spent:fees:2026-11-22") > 24 * 3600


def test_of_many_at_once_no_more_pass_than_fit(valkey: redis.Redis) -> None:
    passed, together = [], threading.Barrier(8)

    def beat(number: int) -> None:
        together.wait()
        try:
            spend(valkey, budget(3), f"b{number}", DAY)
            passed.append(number)
        except BudgetExceeded:
            """As it should be for five of them."""

    threads = [threading.Thread(target=beat, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == 3
    assert spent_on(valkey, "fees", DAY) == 9
