"""Who closes a batch."""

import redis

from forebay.governor.deployment.closing_lock import ClosingLock
from forebay.governor.keys import closing_lock


def lock(client: redis.Redis) -> ClosingLock:
    return ClosingLock(client, "b1", good_for_s=60)


def test_one_has_it_until_it_gives_it_back(client: redis.Redis) -> None:
    first, second = lock(client), lock(client)
    assert first.take()
    assert not second.take()
    assert first.release()
    assert second.take()
    assert second.release()


def test_renewing_begins_its_time_anew(client: redis.Redis) -> None:
    held = lock(client)
    assert held.take()
    client.pexpire(closing_lock("b1"), 1_000)
    assert held.renew()
    assert client.pttl(closing_lock("b1")) > 50_000
    assert held.release()


def test_who_slept_past_its_end_is_told_and_takes_nobodys_lock_away(client: redis.Redis) -> None:
    asleep, other = lock(client), lock(client)
    assert asleep.take()
    client.delete(closing_lock("b1"))  # as if its time had passed
    assert other.take()
    assert not asleep.renew()
    assert not asleep.release()
    assert other.release()


def test_a_dead_holders_lock_does_not_last_until_a_clock_that_was_set_back_has_caught_up(client: redis.Redis) -> None:
    dead, heir = lock(client), lock(client)
    assert dead.take()
    client.pexpire(closing_lock("b1"), 600_000 + 60_000)
    assert heir.take()
    assert not dead.renew()
    assert heir.release()
