"""How extracts stand, as the ledger tells it: data time, what was promised, coverage, checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.document.load_spec import WrittenSpec
from forebay.metrics.extract_figures import MOST_WINDOWS, ExtractFigures, ExtractReader, promised
from forebay.scheduler.extracts.decisions import State, WindowStatus
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.outcomes import Check, Coverage
from forebay.store.ledger.records import BatchTerms, ExtractPause, Item
from tests.scheduler.closing.conftest import closing
from tests.scheduler.spec import config_of
from tests.store.memory import MemoryStore

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class World:
    """One daily extract since the first of October, and what became of its windows."""

    def __init__(self, folder: Path, schedule: str = "when: at_end, late_after: 6h") -> None:
        config = config_of(
            folder,
            "extracts:\n  fees: {sql: SELECT 1, window: {every: 1d, start: 2026-10-01}, "
            f"schedule: {{{schedule}}}}}\n",
        )
        assert config.written
        self.written: WrittenSpec = config.written
        self.store = MemoryStore()
        self.ledger, self.marks = Ledger(self.store), Marks(self.store)
        self.reader = ExtractReader(self.written, self.ledger, self.marks, lambda _: None)

    def batch(self, day: int, **ending: Any) -> None:
        """Accepts the batch of a day of October, and closes it if it says how."""
        start = datetime(2026, 10, day, tzinfo=UTC)
        batch_id = f"fees.{start:%Y%m%dT%H%MZ}-{start + DAY:%Y%m%dT%H%MZ}"
        terms = BatchTerms(id=batch_id, output="s3://bucket/stripe", source="a test")
        item = Item(name="q", sql="SELECT 1", account=None)
        self.ledger.write_batch(terms, [("acme:test", item)], connection="acme", created_at=start + DAY)
        if ending:
            assert self.ledger.record_closing(batch_id, closing(**ending), after=0)

    def read(self, now: datetime = NOON) -> ExtractFigures:
        (figures,) = self.reader.read(now)
        return figures


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def october(day: int) -> datetime:
    return datetime(2026, 10, day, tzinfo=UTC)


def test_nothing_has_run(world: World) -> None:
    figures = world.read()
    assert figures.windows == {State.MISSING: 4}
    assert (figures.last_landed, figures.coverage, figures.checks_failed, figures.paused) == (None, None, None, False)
    assert figures.promised == october(5)


def test_the_newest_that_landed_counts_by_the_end_of_its_data(world: World) -> None:
    world.batch(1, at=october(2) + timedelta(hours=1))
    world.batch(2, at=october(3) + timedelta(hours=1))
    world.batch(3, outcome="failed", at=october(4) + timedelta(hours=1))
    world.batch(4)

    figures = world.read()

    assert (figures.last_landed, figures.last_success) == (october(3), october(3) + timedelta(hours=1))
    assert figures.windows[State.LANDED] == 2 and figures.windows[State.FAILED] == 1


def test_coverage_and_checks_are_of_the_newest_that_was_closed(world: World) -> None:
    good = Check(check="rows", name="q", account=None, ok=True, finding="12")
    bad = Check(check="tie_out", name="q", account=None, ok=False, finding="1 cent")
    world.batch(3, coverage=Coverage(expected=38, landed=38))
    world.batch(4, outcome="checks_failed", coverage=Coverage(expected=38, landed=37), checks=(good, bad))

    figures = world.read()

    assert (figures.coverage, figures.checks_failed) == (37 / 38, 1)
    assert figures.last_landed == october(4), "what did not pass its checks has not landed"


@pytest.mark.parametrize(
    ("schedule", "under_way", "count"),
    [
        ("when: at_end, catch_up: all", False, 3),
        ("when: at_end, catch_up: last 2", False, 2),
        ("when: at_end, catch_up: all, overlap: queue", True, 0),
        ("when: at_end, catch_up: all, overlap: allow", True, 3),
        ("when: manual", False, 0),
    ],
)
def test_what_beat_should_have_submitted(tmp_path: Path, schedule: str, under_way: bool, count: int) -> None:
    world = World(tmp_path, schedule)
    world.batch(1, **({} if under_way else {"at": october(2)}))

    assert world.read().unsubmitted == count


def test_a_pause_shows(world: World) -> None:
    world.marks.pause("fees", ExtractPause(at=NOON, reason="Stripe's maintenance"))
    assert world.read().paused
    assert world.read().unsubmitted == 0


def test_what_has_landed_is_read_once(world: World) -> None:
    world.batch(3)
    world.read()
    before = world.store.asked["get"]
    world.read()
    # Its pause and since when it is known are asked each time: both may change.
    assert world.store.asked["get"] - before <= 2


def test_no_more_windows_are_read_than_a_month_of_days(world: World) -> None:
    assert sum(world.read(NOON + 400 * DAY).windows.values()) == MOST_WINDOWS


class TestPromised:
    SCHEDULE = "when: at_end, late_after: 6h"

    def schedule(self, folder: Path, text: str = SCHEDULE) -> Schedule:
        return Schedule.of(World(folder, text).written.spec.extracts["fees"])

    @given(hours=st.integers(0, 24 * 40), skipped=st.sets(st.integers(0, 40)))
    def test_it_is_the_newest_window_past_its_deadline_that_was_not_skipped(
        self, tmp_path_factory: pytest.TempPathFactory, hours: int, skipped: set[int]
    ) -> None:
        schedule, now = self.schedule(tmp_path_factory.mktemp("spec")), NOON + timedelta(hours=hours)
        newest = datetime(now.year, now.month, now.day, tzinfo=UTC)
        windows = [
            WindowStatus(window=Window(newest - (ago + 1) * DAY, newest - ago * DAY), skipped=ago in skipped)
            for ago in range(40)
        ]
        expected = [one.window.end for one in windows if one.window.end + timedelta(hours=6) <= now and not one.skipped]

        assert promised(schedule, windows, now, None) == (expected[0] if expected else None)

    def test_what_was_due_before_it_was_first_seen_is_nobodys_fault(self, tmp_path: Path) -> None:
        windows = [WindowStatus(window=Window(october(4), october(5)))]
        assert promised(self.schedule(tmp_path), windows, NOON, october(5)) == october(5)
        assert promised(self.schedule(tmp_path), windows, NOON, NOON) is None

    @pytest.mark.parametrize("schedule", ["when: manual, late_after: 6h", "when: at_end"])
    def test_where_nothing_is_promised_nothing_is_late(self, tmp_path: Path, schedule: str) -> None:
        windows = [WindowStatus(window=Window(october(4), october(5)))]
        assert promised(self.schedule(tmp_path, schedule), windows, NOON, None) is None
