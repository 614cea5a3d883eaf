"""Who closes: one at a time, whoever dies; and a batch that breaks breaks no other."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.keys import CLOSING, closing_lock
from forebay.scheduler.closing.advance import CANARY_S, LONGEST_S, PAUSED_S, SHORTEST_S
from forebay.scheduler.closing.closer import LOCK_S, RENEW_EVERY_S, Closer
from forebay.scheduler.notify import Message
from forebay.store.errors import Denied, Unavailable
from forebay.store.ledger.batch_policy import Notify, Splitting
from forebay.store.ledger.records import Batch
from forebay.store.local import LocalStore
from tests.scheduler.closing.conftest import TOLD, TOO_BIG, House, day, item, policy
from tests.store.batch_ids import batch_ids
from tests.worker.conftest import FileHost, World


@pytest.fixture
def house(world: World, file_host: FileHost) -> House:
    return House(world, file_host)


def open_landed(house: House, *batches: str, **more: Any) -> None:
    """Batches of which all has landed, and nothing is closed."""
    for batch in batches:
        house.open([item("fees")], policy(notify=TOLD, **more), batch)
    house.work()


def closer(house: House, **more: Any) -> Closer:
    return Closer(house.services(**more))


def closed(house: House) -> list[str]:
    return [batch for batch in batch_ids(house.ledger) if house.ledger.closing(batch)]


def planned_s(house: House, batch: str, from_ms: int) -> float:
    """Says how long after this moment the batch is visited again."""
    score = house.rt.redis.zscore(CLOSING, batch)
    assert score is not None
    return (score - from_ms) / 1000


def test_of_two_closers_at_once_one_acts(house: House) -> None:
    """The other comes while the first tells people."""
    open_landed(house, "b1")
    began, may_end = Event(), Event()

    def tell_slowly(_: Notify, message: Message) -> None:
        house.told.append(message)
        began.set()
        assert may_end.wait(30)

    now_ms = house.world.view.now_ms()
    first = Thread(target=closer(house, tell=tell_slowly).round, args=(now_ms,))
    first.start()
    assert began.wait(30)

    later_ms = now_ms + 3_600_000
    assert closer(house).round(later_ms) == 1
    assert planned_s(house, "b1", later_ms) == RENEW_EVERY_S, "the other one comes back to see whether it is done"

    may_end.set()
    first.join(30)
    closer(house).round(later_ms + 60_000)
    assert closed(house) == ["b1"]
    assert len(house.told) == 1


def test_a_closer_that_was_killed_keeps_a_batch_no_longer_than_its_lock_lives(house: House) -> None:
    open_landed(house, "b1")
    dead = house.rt.redis.lock(closing_lock("b1"), timeout=LOCK_S, blocking=False)
    assert dead.acquire()

    house.round()
    assert closed(house) == []
    left_ms = house.rt.redis.pttl(closing_lock("b1"))
    assert 0 < left_ms <= 1000 * LOCK_S

    house.rt.redis.delete(closing_lock("b1"))  # as if that time had passed
    house.round()
    assert closed(house) == ["b1"]


class Elsewhere(LocalStore):
    """A destination on which something happens when the batch's manifest is written."""

    def __init__(self, house: House, happens: Callable[[], None]) -> None:
        super().__init__(house.world.destination)
        self._happens = happens

    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        if key.endswith("_batch.json"):
            self._happens()


def test_who_lost_its_lock_stops_and_says_nothing(house: House) -> None:
    """Its process slept, say, until another took the batch over."""
    open_landed(house, "b1")
    clock = [0.0]

    def sleeps() -> None:
        clock[0] += 2 * LOCK_S
        house.rt.redis.set(closing_lock("b1"), "another's")

    slow = house.services(store=lambda _: Elsewhere(house, sleeps))
    Closer(slow, monotonic_s=lambda: clock[0]).round(house.later_ms())

    assert closed(house) == []
    assert house.told == []
    assert house.rt.redis.get(closing_lock("b1")) == "another's", "and it takes nobody's lock away"


def test_long_work_keeps_its_lock(house: House) -> None:
    open_landed(house, "b1")
    clock, lives = [0.0], []

    def takes_long() -> None:
        clock[0] += 2 * RENEW_EVERY_S
        house.rt.redis.pexpire(closing_lock("b1"), 1_000)

    def tell(_: Notify, message: Message) -> None:
        lives.append(house.rt.redis.pttl(closing_lock("b1")))

    slow = house.services(store=lambda _: Elsewhere(house, takes_long), tell=tell)
    Closer(slow, monotonic_s=lambda: clock[0]).round(house.later_ms())

    assert closed(house) == ["b1"]
    assert lives[0] > 1000 * RENEW_EVERY_S


def test_a_process_that_has_to_stop_leaves_the_rest_to_another(house: House) -> None:
    open_landed(house, "b1")
    stopping = Event()
    services = house.services(store=lambda _: Elsewhere(house, stopping.set))
    Closer(services, stopping=stopping).round(house.later_ms())
    assert closed(house) == []

    house.round()
    assert closed(house) == ["b1"]
    assert len(house.told) == 1


@pytest.mark.parametrize("error", [Unavailable("the bucket is away"), RuntimeError("a bug")], ids=["store", "bug"])
def test_a_batch_that_breaks_stops_no_other(house: House, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    open_landed(house, "b1", "b2", "b3")

    class Broken(LocalStore):
        def put(self, key: str, data: bytes) -> None:
            if key.startswith("b2/"):
                raise error
            super().put(key, data)

    closer(house, store=lambda _: Broken(house.world.destination)).round(house.later_ms())

    assert closed(house) == ["b1", "b3"]
    (logged,) = [record for record in caplog.records if getattr(record, "batch", None) == "b2"]
    assert logged.levelno == (logging.ERROR if isinstance(error, RuntimeError) else logging.WARNING)
    (trouble,) = ClosingQueue(house.rt.redis).troubles().items()
    assert trouble[0] == "b2"
    assert ("see a worker's log" if isinstance(error, RuntimeError) else str(error)) in trouble[1]
    house.round()
    assert closed(house) == ["b1", "b2", "b3"]


def test_a_destination_that_refuses_for_good_is_asked_every_quarter_of_a_minute_until_somebody_mends_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What landed is safe where it is, so nothing is given up and nobody is told of an end that there is not."""
    open_landed(house, "b1")

    class ReadOnly(LocalStore):
        def put(self, key: str, data: bytes) -> None:
            raise Denied("no right to write")

    refused = closer(house, store=lambda _: ReadOnly(house.world.destination))
    now_ms = house.later_ms()
    for visit in range(50):
        assert refused.round(now_ms) == 1, visit
        assert planned_s(house, "b1", now_ms) == LONGEST_S
        now_ms += int(1000 * LONGEST_S)
    assert (closed(house), house.told) == ([], [])
    assert caplog.text.count("closing put off: no right to write") == 50
    put_off = ClosingQueue(house.rt.redis)
    assert put_off.troubles() == {"b1": "no right to write"}, "which people are shown"

    closer(house).round(now_ms)
    assert put_off.troubles() == {}
    assert closed(house) == ["b1"]
    assert len(house.told) == 1


def test_many_that_break_keep_no_other_from_its_turn(house: House) -> None:
    """A round takes only so many, the longest due first: what broke goes behind the others."""
    bad = [f"bad{number:02d}" for number in range(20)]
    open_landed(house, *bad, "good")

    class Broken(LocalStore):
        def put(self, key: str, data: bytes) -> None:
            if key.startswith("bad"):
                raise Unavailable("away")
            super().put(key, data)

    broken = closer(house, store=lambda _: Broken(house.world.destination))
    now_ms = house.later_ms()
    broken.round(now_ms)
    broken.round(now_ms)
    assert closed(house) == ["good"]


def test_a_batch_of_another_ledger_is_forgotten(house: House) -> None:
    house.closing_queue.add("nobodys", 0)
    house.round()
    assert house.closing_queue.all() == []


def test_a_batch_whose_connection_is_not_in_the_spec_is_no_bug(house: House, caplog: pytest.LogCaptureFixture) -> None:
    open_landed(house, "b1")

    def split(batch: Batch, lane: str, index: int) -> Any:
        return house.rt.config.connection("gone")

    house.results["fees"] = TOO_BIG
    wanted = Splitting(on="created", min="1h", max_parts=2, timezone="UTC", **day(1).model_dump(), texts={}, values={})
    house.open([item("fees")], policy(split=wanted), "b2")
    house.work()
    closer(house, split=split).round(house.later_ms())
    assert not any(record.levelno >= logging.ERROR for record in caplog.records)
    assert house.closing_queue.all() == ["b2"]


def test_a_batch_is_visited_soon_while_its_canary_is_out_and_seldom_when_it_is_large(house: House) -> None:
    now_ms = house.later_ms()
    house.open([item("fees", "acct_a"), item("fees", "acct_b")], policy(canary=True), "canary")
    house.open([item("fees")], policy(), "small")
    house.open([item(f"q{number}") for number in range(20_000)], policy(), "large")
    house.closer().round(now_ms)
    assert planned_s(house, "canary", now_ms) == CANARY_S
    assert SHORTEST_S <= planned_s(house, "small", now_ms) < LONGEST_S
    assert planned_s(house, "large", now_ms) == LONGEST_S


def test_one_that_stands_still_is_seldom_visited_until_a_person_does_something(house: House) -> None:
    house.open([item(f"q{number}") for number in range(4)], policy())
    house.steering.pause("b1", "month end")
    house.work()
    now_ms = house.later_ms()
    house.closer().round(now_ms)
    assert planned_s(house, "b1", now_ms) == PAUSED_S
    house.steering.resume("b1")
    assert house.rt.redis.zscore(CLOSING, "b1") == AT_ONCE


def test_batches_without_a_policy_are_nobodys(house: House) -> None:
    house.open([item("fees")], None, "plain")
    assert house.closing_queue.all() == []
