"""What the ledger told last is kept while it does not answer, and old days are read once an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forebay.metrics.extract_figures import ExtractReader
from forebay.metrics.ledger_figures import LedgerReading
from forebay.store.errors import Unavailable
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from tests.metrics.test_unlanded_results import LEFT, TODAY
from tests.store.memory import MemoryStore


class Away(MemoryStore):
    """A store that can be out of reach."""

    away = False

    def folders(self, prefix: str) -> object:
        if self.away:
            raise Unavailable("the store does not answer")
        return super().folders(prefix)


class Clock:
    now = datetime(TODAY.year, TODAY.month, TODAY.day, 12, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store() -> Away:
    return Away()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(store: Away, clock: Clock) -> LedgerReading:
    ledger = Ledger(store)
    ledger.uses.add(LEFT)
    return LedgerReading(ExtractReader(None, ledger, Marks(store), lambda _: None), ledger.uses, clock)


def test_before_it_was_read_nothing_is_said(watch: LedgerReading) -> None:
    assert (watch.figures.answers, watch.figures.read_at, list(watch.figures.extracts)) == (None, None, [])


def test_what_it_told_stays_while_it_is_away(watch: LedgerReading, store: Away, clock: Clock) -> None:
    watch.read()
    read_at = clock.now
    assert watch.figures.answers
    store.away, clock.now = True, clock.now + timedelta(hours=1)

    watch.read()

    assert (watch.figures.answers, watch.figures.read_at) == (False, read_at)
    assert [each.query_run for each in watch.figures.expiring] == ["qryrun_1"]
    store.away = False
    watch.read()
    assert watch.figures.answers


def test_old_days_are_read_once_an_hour(watch: LedgerReading, store: Away, clock: Clock) -> None:
    watch.read()
    before = store.asked["list"]
    clock.now += timedelta(minutes=1)
    watch.read()
    assert store.asked["list"] == before
    clock.now += timedelta(hours=1)
    watch.read()
    assert store.asked["list"] > before


def test_it_is_read_in_a_thread_of_its_own(watch: LedgerReading) -> None:
    from tests.servers.processes import wait_until

    with watch.watching():
        wait_until(lambda: watch.figures.answers, "the ledger to be read")
