"""Which windows of the past have a gap, and what fills it."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.extracts.decisions import WindowStatus
from forebay.scheduler.extracts.gaps import Act, gaps, windows
from forebay.store.ledger.outcomes import Outcome
from tests.scheduler.extracts.test_schedules import day, schedule, utc

NOON = utc("2026-10-05T12:00")
CALENDAR = schedule(when="at_end").calendar


@pytest.mark.parametrize(
    ("outcome", "act"),
    [
        ("landed", None),
        ("partial", Act.RETRY),
        ("failed", Act.RETRY),
        ("checks_failed", Act.REPEAT),
        ("stopped", Act.REPEAT),
        ("canceled", Act.REPEAT),
    ],
)
def test_each_end_has_its_way_to_be_mended(outcome: Outcome, act: Act | None) -> None:
    status = WindowStatus(window=day("2026-10-01"), batch="b", since=NOON, outcome=outcome, closed_at=NOON)
    assert [gap.act for gap in gaps([status])] == ([act] if act else [])


def test_every_outcome_is_thought_of() -> None:
    named = {mark.args[1][at][0] for mark in test_each_end_has_its_way_to_be_mended.pytestmark for at in range(6)}
    assert named == set(get_args(Outcome))


def test_a_window_that_runs_is_no_gap_and_one_that_was_skipped_is() -> None:
    runs = WindowStatus(window=day("2026-10-01"), batch="b", since=NOON)
    skipped = WindowStatus(window=day("2026-10-02"), skipped=True)
    assert [(gap.window, gap.act) for gap in gaps([runs, skipped])] == [(day("2026-10-02"), Act.SUBMIT)]


@given(start=st.integers(-5, 10), length=st.integers(0, 10), hours=st.integers(0, 24 * 12))
def test_no_window_is_given_that_is_not_over_or_was_not_asked_for(start: int, length: int, hours: int) -> None:
    first = CALENDAR.first + timedelta(days=start)
    last, now = first + timedelta(days=length), CALENDAR.first + timedelta(hours=hours)
    ended = list(windows(CALENDAR, first, last, now))
    assert all(window.end <= now and window.end > first and window.start < last for window in ended)
    everything = [
        window for window in reversed(list(CALENDAR.ended(now))) if first < window.end and window.start < last
    ]
    assert ended == everything


def test_without_bounds_it_is_all_that_is_over() -> None:
    assert list(windows(CALENDAR, None, None, NOON)) == list(reversed(list(CALENDAR.ended(NOON))))
