"""Publishing stops at the first error and goes on where it was; `test_deaths.py` lets it die at any point."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from forebay.landing.manifest import SUFFIX
from forebay.scheduler.closing.publishing import Publishing, empty_quarantine
from forebay.scheduler.closing.services import LockLost
from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from forebay.store.local import LocalStore
from tests.scheduler.closing.conftest import House, item, policy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = ("fees", "refunds")


class Failing:
    """A store of which every call from the n-th on fails, as if the process had died there."""

    def __init__(self, store: Store, calls: int) -> None:
        self._store = store
        self._left = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method) or name in ("url_of", "close"):
            return method

        def call(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Unavailable("it died here")
            return method(*args, **named)

        return call


def open_landed(house: House, batch: str, **more: Any) -> None:
    """Everything has landed in quarantine; nothing is published."""
    for index, name in enumerate(NAMES):
        house.results[name] = f"n\n{index}\n"
    house.open([item(name) for name in NAMES], policy(**more), batch)
    house.work()


def publishing(house: House, keep: Callable[[], None] = lambda: None) -> Publishing:
    batch = house.ledger.batch("b1")
    return Publishing(LocalStore(house.world.destination), batch, batch.write, keep, at=NOW)


def serve(house: House, store: Store) -> None:
    """This is the destination from now on."""
    house.rt._stores.clear()
    house.rt.open_store = lambda url: store


def test_a_result_that_stays_keeps_its_files_whatever_their_suffix(house: House) -> None:
    store = LocalStore(house.world.destination)
    open_landed(house, "b1", publish="all_or_nothing")
    for key in ("_quarantine/b1/fees.part.parquet", "_quarantine/b1/refunds.part.parquet"):
        store.put(key, b"x")

    empty_quarantine(store, house.ledger.batch("b1"), {"b1/fees"}, lambda: None)

    assert house.files == [f"_quarantine/b1/fees{end}" for end in (".csv", SUFFIX, ".part.parquet")]


def test_the_first_copy_that_fails_ends_it(house: House) -> None:
    open_landed(house, "b1", publish="all_or_nothing")
    serve(house, Failing(LocalStore(house.world.destination), 4))  # type: ignore[arg-type]
    house.round()
    assert house.ledger.closing("b1") is None
    assert house.closing_queue.all() == ["b1"]


def test_long_work_keeps_the_batch(house: House) -> None:
    """Else another closer would begin the same beside us."""
    kept: list[int] = []
    open_landed(house, "b1", publish="all_or_nothing")
    publishing(house, lambda: kept.append(1)).publish(f"b1/{name}" for name in NAMES)
    assert kept
    assert "b1/fees.csv" in house.files


def test_its_manifest_says_when_a_result_left_quarantine(house: House) -> None:
    open_landed(house, "b1", publish="all_or_nothing")
    assert house.read("_quarantine/b1/fees.manifest.json")["published_at"] is None
    publishing(house).publish(["b1/fees"])
    assert house.read("b1/fees.manifest.json")["published_at"] == "2026-11-22T12:00:00Z"


def test_work_ends_when_the_batch_is_no_longer_ours(house: House) -> None:
    open_landed(house, "b1", publish="all_or_nothing")

    def lost() -> None:
        raise LockLost("gone")

    with pytest.raises(LockLost):
        publishing(house, lost).publish(f"b1/{name}" for name in NAMES)
    assert not any(path.endswith(SUFFIX) for path in house.files if not path.startswith("_quarantine"))
