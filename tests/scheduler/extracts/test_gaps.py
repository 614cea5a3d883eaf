"""Which windows of the past have a gap, and what fills it."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.extracts.decisions import WindowStatus
from forebay.scheduler.extracts.gaps import Act, Filling, filling_of, gaps, gaps_left, windows
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


@given(
    outcome=st.sampled_from([None, *get_args(Outcome)]),
    batch=st.sampled_from([None, "b"]),
    minutes=st.integers(-100, 100),
    skipped=st.booleans(),
)
def test_a_backfill_that_is_taken_up_again_does_what_it_has_not_done_and_nothing_else(
    outcome: Outcome | None, batch: str | None, minutes: int, skipped: bool
) -> None:
    """What ended since it began had its turn; all else that was a gap has it still to come."""
    ended = outcome if batch else None
    closed_at = NOON + timedelta(minutes=minutes) if ended else None
    status = WindowStatus(
        window=day("2026-10-01"), batch=batch, since=NOON, outcome=ended, closed_at=closed_at, skipped=skipped
    )

    filling, left = filling_of(status, NOON), list(gaps_left([status], NOON))

    had_its_turn = closed_at is not None and minutes >= 0
    assert left == ([] if had_its_turn else list(gaps([status])))
    assert (filling is Filling.LEFT) == bool(left)
    assert (filling is Filling.RUNNING) == status.open
    assert (filling in (Filling.FILLED, Filling.FAILED)) == had_its_turn
    assert (filling is Filling.FILLED) == (had_its_turn and outcome == "landed")
