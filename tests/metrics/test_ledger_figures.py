"""What the ledger told last is kept while it does not answer, and old days are read once an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forebay.governor.errors import RedisUnavailable
from forebay.metrics import ledger_figures
from forebay.metrics.extract_figures import ExtractFigures, ExtractReader
from forebay.metrics.ledger_figures import LedgerFigures, LedgerReading
from forebay.store.errors import Unavailable
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from tests.metrics.test_unlanded_results import LEFT, TODAY
from tests.servers.processes import wait_until
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
    with watch.watching():
        wait_until(lambda: watch.figures.answers, "the ledger to be read")


@pytest.mark.parametrize(("error", "answers"), [(RedisUnavailable("away"), True), (KeyError("a fault of ours"), False)])
def test_whatever_goes_wrong_it_is_read_again(
    store: Away, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: Exception, answers: bool
) -> None:
    class Breaking(ExtractReader):
        """Reads well, then not, then well."""

        times = 0

        def read(self, now: datetime) -> list[ExtractFigures]:
            self.times += 1
            if self.times == 2:
                raise error
            if self.times == 3:
                seen.append(watch.figures)
            return []

    monkeypatch.setattr(ledger_figures, "EVERY_S", 0.0)
    seen: list[LedgerFigures] = []
    ledger = Ledger(store)
    watch = LedgerReading(Breaking(None, ledger, Marks(store), lambda _: None), ledger.uses, clock)
    with watch.watching():
        wait_until(lambda: seen, "the ledger to be read after it could not be")

    # What was known stays; of what is away the ledger is only told what it is to blame for.
    assert (seen[0].read_at, seen[0].answers) == (clock.now, answers)
