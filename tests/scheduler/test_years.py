"""What is done all the time costs the same however old the ledger is: requests are counted, on small pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import pytest
import redis

from forebay.scheduler.batches.history import History
from forebay.scheduler.batches.reconciling import Beyond, Reconciler
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import window_batch_id
from tests.scheduler.pruning.old_ledger import OldLedger
from tests.store.memory import MemoryStore
from tests.worker.conftest import World

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
#: A listing that grows with these is seen to.
PAGE, YOUNG, OLD = 10, 100, 400


def aged(client: redis.Redis, days: int) -> OldLedger:
    """A ledger of so many days: two extracts, and a window that still runs."""
    old = OldLedger(client, NOW)
    for age in range(1, days):
        for extract in ("fees", "fees-eu"):
            old.window(age, extract=extract)
    old.window(0, None)
    return old


@pytest.fixture(scope="module")
def ledgers() -> dict[int, dict[str, bytes]]:
    """What a younger and an older ledger hold."""
    return {days: aged(redis.Redis(), days).store.objects for days in (YOUNG, OLD)}


def watched(old: OldLedger, _: World) -> object:
    """Reads the statuses of a round of beat."""
    return StatusReader(old.ledger, old.marks).read("fees", [old.day(age) for age in range(7)])


def newest(old: OldLedger, _: World) -> object:
    """Finds what `ls` lists where Redis lost all of it."""
    return [*islice(old.ledger.acceptances.newest(NOW), 20)]


def earlier(old: OldLedger, _: World) -> object:
    """Finds the window with which a closing compares."""
    return next(old.ledger.earlier(window_batch_id("fees", old.day(0))))  # raises if there is none


def estimated(old: OldLedger, _: World) -> object:
    """Reads the history by which a window is expanded."""
    return History(old.ledger, old.open, now=lambda: NOW).batches("fees")


def reconciled(old: OldLedger, world: World) -> object:
    """Looks as a worker does each minute."""
    return Reconciler(old.ledger, world.rt.redis, world.rt.config, old.open, now=lambda: NOW).all()


def rebuilt(old: OldLedger, world: World) -> object:
    """Does as `forebay rebuild`."""
    reconciler = Reconciler(old.ledger, world.rt.redis, world.rt.config, old.open, now=lambda: NOW)
    result = reconciler.all(beyond=Beyond.SETTLED_LATELY)
    assert not result.problems
    return result


@pytest.mark.parametrize("what", [watched, newest, earlier, estimated, reconciled, rebuilt])
def test_it_asks_as_much_of_an_old_ledger_as_of_a_young_one(
    ledgers: dict[int, dict[str, bytes]], world: World, what: Callable[[OldLedger, World], object]
) -> None:
    asked = {}
    for days, objects in ledgers.items():
        world.rt.redis.flushall()
        old = OldLedger(world.rt.redis, NOW)
        old.use(MemoryStore(objects, page=PAGE))
        what(old, world)
        assert old.store.asked
        asked[days] = dict(old.store.asked)

    assert asked[OLD] == asked[YOUNG]
