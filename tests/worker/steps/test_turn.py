"""What one run in hand knows of itself, and what its reading costs others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forebay.governor.states import RunState, Step
from forebay.queryrun.models import QueryRun
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from forebay.worker.steps.turn import Turn
from tests.worker.conftest import World


class SlowOnce(LocalStore):
    """A store whose first read waits until it is let go."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reading, self.go_on = threading.Event(), threading.Event()

    def get(self, key: str) -> bytes:
        if not self.reading.is_set():
            self.reading.set()
            assert self.go_on.wait(30)
        return super().get(key)


def turns(world: World, runs: int = 1) -> list[Turn]:
    """Takes custody of so many runs."""
    claims = world.governor.claim(submits=runs, downloads=0, polls=0)
    begun = [world.governor.begin(claimed, RunState.GRANTED, 60_000) for claimed in claims.due[Step.SUBMIT]]
    return [Turn(world.rt, world.governor, custody) for custody in begun if custody]


def test_a_slow_read_of_the_ledger_holds_up_no_other_turn(world: World) -> None:
    world.open(2)
    first, second = turns(world, 2)
    slow = SlowOnce(world.destination.parent / "ledger")
    world.rt.ledger = Ledger(slow)

    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(lambda: first.item)
        try:
            assert slow.reading.wait(30)
            assert threads.submit(lambda: second.item).result(30).name == "q1"
        finally:
            slow.go_on.set()
        assert waiting.result(30).name == "q0"


def test_what_it_is_about_is_read_once(world: World) -> None:
    world.open()
    (turn,) = turns(world)
    item, batch = turn.item, turn.batch

    for file in (world.destination.parent / "ledger").rglob("*.*"):
        file.unlink()
    world.rt.ledger = Ledger(LocalStore(world.destination.parent / "ledger"))

    assert (turn.item, turn.batch) == (item, batch)


def test_an_account_is_one_of_many_unless_its_lane_is_its_own(world: World) -> None:
    items = [Item(name="a", sql="SELECT 1", account="acct_a"), Item(name="b", sql="SELECT 1", account=None)]
    world.submit(items)

    assert [turn.one_account_of_many for turn in turns(world, 2)] == [True, False]


def test_its_log_fields_name_the_query_run_from_the_moment_it_has_one(world: World) -> None:
    world.open()
    (turn,) = turns(world)
    assert turn.log_fields["query_run"] is None

    assert turn.mark_sent("key")
    assert turn.bind(QueryRun(id="qryrun_1", status="running"))

    assert (turn.log_fields["query_run"], turn.custody.state) == ("qryrun_1", RunState.RUNNING)
