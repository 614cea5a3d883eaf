"""Which batches people see first."""

from datetime import UTC, datetime, timedelta

import redis

from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.keys import BATCHES

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_newest_come_first_whoever_was_added_first(client: redis.Redis) -> None:
    batches = RecentBatches(client)
    for minutes in (2, 1, 3):
        batches.add(f"b{minutes}", NOON + timedelta(minutes=minutes))
    batches.add("b3", NOON + timedelta(minutes=3))
    assert [*batches.newest()] == [(f"b{minutes}", NOON + timedelta(minutes=minutes)) for minutes in (3, 2, 1)]
    assert batches.count() == 3
    assert batches.unknown(["b1", "never"]) == ["never"]
    assert batches.unknown([]) == []
    client.delete(BATCHES)
