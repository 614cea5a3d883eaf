"""When a batch's closer comes."""

import redis

from forebay.governor.deployment.closing_queue import AT_ONCE, FURTHEST_MS, ClosingQueue
from forebay.governor.keys import CLOSING


def test_what_is_due_comes_in_the_order_of_its_time(client: redis.Redis) -> None:
    queue = ClosingQueue(client)
    queue.add("late", 300)
    queue.add("later", 400)
    queue.add("now", AT_ONCE)
    assert queue.due(300, 10) == {"now": AT_ONCE, "late": 300}
    assert queue.due(300, 1) == {"now": AT_ONCE}
    assert queue.all() == ["now", "late", "later"]
    client.delete(CLOSING)


def test_a_batch_that_a_clock_set_back_left_far_ahead_is_due(client: redis.Redis) -> None:
    queue = ClosingQueue(client)
    queue.add("planned", 1_000_000 + FURTHEST_MS)
    queue.add("stray", 1_000_001 + FURTHEST_MS)
    queue.add("due", 999_999)
    assert queue.due(1_000_000, 10) == {"due": 999_999, "stray": 1_000_001 + FURTHEST_MS}
    assert queue.due(1_000_000, 1) == {"due": 999_999}
    client.delete(CLOSING)


def test_a_new_one_keeps_the_time_that_it_has_and_another_takes_the_new(client: redis.Redis) -> None:
    queue = ClosingQueue(client)
    queue.add_new("b1", 100)
    queue.add_new("b1", 200)
    assert queue.due(1000, 10) == {"b1": 100}
    queue.add("b1", 200)
    assert queue.due(1000, 10) == {"b1": 200}
    client.delete(CLOSING)


def test_why_a_closing_was_put_off_is_told_until_it_gets_on(client: redis.Redis) -> None:
    queue = ClosingQueue(client)
    queue.put_off("b2", "the bucket is away")
    queue.put_off("b1", "no right to write")
    queue.put_off("b2", "the disk is full")
    assert queue.troubles() == {"b1": "no right to write", "b2": "the disk is full"}
    queue.gets_on("b1")
    queue.gets_on("b2")
    assert queue.troubles() == {}


def test_what_was_taken_out_is_not_brought_back_by_postponing_it(client: redis.Redis) -> None:
    queue = ClosingQueue(client)
    queue.postpone("b1", 100)
    assert queue.all() == []
    queue.add("b1", 100)
    queue.postpone("b1", 200)
    assert queue.due(1000, 10) == {"b1": 200}
    client.delete(CLOSING)


def test_what_was_added_again_since_it_was_seen_due_stays(client: redis.Redis) -> None:
    queue = ClosingQueue(client)
    queue.add("b1", 100)
    queue.add("b1", AT_ONCE)
    assert not queue.remove("b1", 100)
    assert queue.remove("b1", AT_ONCE)
    assert not queue.remove("b1", AT_ONCE)
    assert queue.all() == []
