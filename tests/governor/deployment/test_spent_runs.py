"""What a definition may spend a day."""

import threading
from datetime import date

import redis

from forebay.governor.deployment.spent_runs import KEPT, Spending, Spent, SpentRuns
from forebay.governor.keys import spent

DAY = date(2026, 11, 22)


def spend(
    client: redis.Redis,
    runs: int,
    batch: str,
    *,
    definition: str = "fees",
    day: date = DAY,
    known: dict[str, int] | None = None,
) -> Spent:
    return SpentRuns(client).spend(definition, day, batch, runs=runs, runs_per_day=10, known=known or {})


def test_batches_are_counted_until_the_next_would_be_too_much(client: redis.Redis) -> None:
    assert spend(client, 6, "b1") == (Spending.COUNTED, 0)
    assert spend(client, 4, "b2") == (Spending.COUNTED, 6)
    assert spend(client, 1, "b3") == (Spending.TOO_MANY, 10)
    assert SpentRuns(client).total("fees", DAY) == 10
    client.delete(spent("fees", DAY))


def test_a_batch_is_counted_once(client: redis.Redis) -> None:
    assert spend(client, 10, "b1").verdict is Spending.COUNTED
    assert spend(client, 10, "b1").verdict is Spending.KNOWN
    assert SpentRuns(client).total("fees", DAY) == 10
    client.delete(spent("fees", DAY))


def test_what_the_ledger_knows_of_is_counted_though_redis_forgot_it(client: redis.Redis) -> None:
    assert spend(client, 4, "b3", known={"b1": 6, "b2": 1}) == (Spending.TOO_MANY, 7)
    assert spend(client, 6, "b1", known={"b1": 6}) == (Spending.KNOWN, 7)
    assert spend(client, 3, "b3", known={"b1": 6, "b2": 1}) == (Spending.COUNTED, 7)
    assert 0 < client.ttl(spent("fees", DAY)) <= KEPT.total_seconds()
    client.delete(spent("fees", DAY))


def test_another_day_and_another_definition_count_for_themselves(client: redis.Redis) -> None:
    spend(client, 10, "b1")
    assert spend(client, 10, "b2", day=date(2026, 11, 23)) == (Spending.COUNTED, 0)
    assert spend(client, 10, "b3", definition="other") == (Spending.COUNTED, 0)
    client.delete(spent("fees", DAY), spent("fees", date(2026, 11, 23)), spent("other", DAY))


def test_what_did_not_come_to_be_is_given_back(client: redis.Redis) -> None:
    spend(client, 10, "b1")
    SpentRuns(client).refund("fees", DAY, "b1")
    assert spend(client, 10, "b2").verdict is Spending.COUNTED
    client.delete(spent("fees", DAY))


def test_the_count_does_not_stay_for_ever(client: redis.Redis) -> None:
    spend(client, 1, "b1")
    assert 24 * 3600 < client.ttl(spent("fees", DAY)) <= KEPT.total_seconds()
    client.delete(spent("fees", DAY))


def test_of_many_at_once_no_more_pass_than_fit(valkey: redis.Redis) -> None:
    # Real only: fakeredis runs a script under one lock, in the calling thread.
    passed, together = [], threading.Barrier(8)

    def beat(number: int) -> None:
        together.wait()
        if spend(valkey, 3, f"b{number}").verdict is Spending.COUNTED:
            passed.append(number)

    threads = [threading.Thread(target=beat, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 3
    assert SpentRuns(valkey).total("fees", DAY) == 9
    valkey.delete(spent("fees", DAY))
