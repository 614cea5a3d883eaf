"""What a definition may spend a day: counted in Redis when its batches are accepted, before anything is written."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import redis

from forebay.governor.keys import spent
from forebay.governor.scripts import translated
from forebay.scheduler.errors import BudgetExceeded

#: Longer than any batch of that day may still ask to be counted.
KEPT = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`runs_per_day` of a definition, and how many of them a batch wants."""

    definition: str
    runs_per_day: int
    runs: int


def spend(client: redis.Redis, budget: Budget, batch_id: str, day: date) -> bool:
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
        raise translated(error) from error


def refund(client: redis.Redis, budget: Budget, batch_id: str, day: date) -> None:
    """Takes a batch off the count that did not come to be."""
    try:
        client.hdel(spent(budget.definition, day.isoformat()), batch_id)
    except redis.RedisError as error:
        raise translated(error) from error


def spent_on(client: redis.Redis, definition: str, day: date) -> int:
    """How many runs of a definition were accepted on a UTC day, where it has a budget."""
    counted: Any = client.hvals(spent(definition, day.isoformat()))
    return sum(map(int, counted))
