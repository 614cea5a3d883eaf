"""Counts what a definition spends a day, in Redis: when its batches are accepted, before anything is written."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import redis

from forebay.governor.keys import spent
from forebay.governor.redis_errors import translation
from forebay.scheduler.errors import BudgetExceeded

#: Longer than any batch of that day may still ask to be counted.
KEPT = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBudget:
    """What a batch takes of its definition's runs of the day."""

    definition: str
    runs_per_day: int
    """How many the definition has."""
    runs: int
    """How many of them the batch wants."""


def spend(client: redis.Redis, budget: DailyBudget, batch_id: str, day: date) -> bool:
    """Counts a batch's runs; False if it was counted before.

    Raises `BudgetExceeded`, and then nothing is counted, and `GovernorError`.
    """
    key = spent(budget.definition, day.isoformat())

    def count(pipe: Any) -> None:
        counted = {name: int(runs) for name, runs in pipe.hgetall(key).items()}
        total = sum(counted.values())
        pipe.multi()
        if batch_id in counted:
            return
        if total + budget.runs > budget.runs_per_day:
            raise BudgetExceeded(budget.definition, budget.runs, total, budget.runs_per_day)
        pipe.hset(key, batch_id, budget.runs)
        pipe.expire(key, KEPT)

    try:
        # Tried again when somebody else counted in between, so that two beats cannot both be the last to fit.
        return bool(client.transaction(count, key))
    except redis.RedisError as error:
        raise translation(error) from error


def refund(client: redis.Redis, budget: DailyBudget, batch_id: str, day: date) -> None:
    """Takes a batch off the count that did not come to be."""
    try:
        client.hdel(spent(budget.definition, day.isoformat()), batch_id)
    except redis.RedisError as error:
        raise translation(error) from error


def spent_on(client: redis.Redis, definition: str, day: date) -> int:
    """Counts the runs of a definition that were accepted on a UTC day, where it has a budget."""
    counted: Any = client.hvals(spent(definition, day.isoformat()))
    return sum(map(int, counted))
