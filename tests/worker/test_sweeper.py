"""Who sweeps what was left behind, and when: the rounds of one process, by a clock of the test's own."""

import logging
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.store.errors import Unavailable
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.writings import Writings
from forebay.store.local import LocalStore
from forebay.worker.sweeper import AGAIN_S, Sweeper, is_result

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Swept(LocalStore):
    """Counts what is asked of it."""

    def __init__(self, root: Path, *outcomes: int | Exception) -> None:
        super().__init__(root)
        self.sweeps = 0
        self._outcomes = list(outcomes)

    def sweep(self, now: datetime, ours: Callable[[str], bool]) -> int:
        assert now == NOW
        self.sweeps += 1
        outcome = self._outcomes.pop(0) if self._outcomes else 0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Clock:
    now_s = 12.0

    def __call__(self) -> float:
        return self.now_s


def sweeper(stores: Collection[LocalStore], clock: Clock) -> Sweeper:
    ledger = Ledger(next(iter(stores)))
    return Sweeper(lambda: stores, ledger, now=lambda: NOW, monotonic_s=clock, stopping=threading.Event())


def test_each_store_is_swept_as_soon_as_it_is_open_and_then_every_hour(tmp_path: Path):
    clock, stores = Clock(), [Swept(tmp_path / "ledger")]
    one = sweeper(stores, clock)
    one.round()
    stores.append(Swept(tmp_path / "out"))
    for _ in range(5):
        one.round()
    assert [store.sweeps for store in stores] == [1, 1]
    clock.now_s += AGAIN_S
    one.round()
    one.round()
    assert [store.sweeps for store in stores] == [2, 2]


def test_a_store_that_refuses_is_named_and_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    broken, whole = Swept(tmp_path / "a", Unavailable("gone")), Swept(tmp_path / "b", 3)
    with caplog.at_level(logging.INFO):
        sweeper([broken, whole], Clock()).round()
    assert [record.message for record in caplog.records] == [
        f"could not sweep unfinished objects from {broken.url}: gone",
        f"swept 3 unfinished objects from {whole.url}",
    ]


def test_only_what_is_named_as_a_result_is_taken_for_ours():
    assert is_result("batch/acct_1/fees.csv")
    assert is_result("_quarantine/batch/fees.csv.zip")
    assert not is_result("backups/2026.tar")


def test_a_batch_that_was_never_whole_is_swept_from_the_ledger(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    store = LocalStore(tmp_path)
    Writings(store).begin("b1", "0011", NOW - timedelta(hours=25))
    store.put("batches/b1/lane/items-000000-0011.ndjson.gz", b"")
    with caplog.at_level(logging.INFO):
        sweeper([store], Clock()).round()
    assert [record.message for record in caplog.records] == ["swept 1 unfinished batches from the ledger"]
    assert list(tmp_path.iterdir()) == []
