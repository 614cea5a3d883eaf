from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from forebay.config.document.definitions import ExtractSpec
from forebay.scheduler.extracts.schedules import MOST_WAITING, Schedule
from forebay.scheduler.windows.calendar import Window, label


def schedule(*, every: str = "1d", timezone: str = "UTC", start: str = "2026-09-01", **fields: Any) -> Schedule:
    window = {"every": every, "timezone": timezone, "start": start}
    return Schedule.of(ExtractSpec.model_validate({"sql": "SELECT 1", "window": window, "schedule": fields}))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> Window:
    return Window(utc(text), utc(text) + timedelta(days=1))


def watched(of: Schedule, now: str, loaded: str | None = None) -> list[str]:
    return [label(window, of.calendar.zone)[5:] for window in of.watched(utc(now), utc(loaded) if loaded else None)]


def test_at_end_is_the_end_and_the_delay() -> None:
    assert schedule(when="at_end").due_at(day("2026-10-01")) == utc("2026-10-02")
    assert schedule(when="at_end", delay="3h").due_at(day("2026-10-01")) == utc("2026-10-02T03:00")


def test_a_cron_line_runs_at_its_next_moment_by_the_extracts_own_clock() -> None:
    mornings = schedule(when="0 6 * * *", timezone="Europe/Berlin")

    assert mornings.due_at(day("2026-10-01")) == utc("2026-10-02T04:00")
    assert schedule(when="0 0 * * *").due_at(day("2026-10-01")) == utc("2026-10-02")


def test_data_ready_waits_until_data_reach_the_windows_end() -> None:
    gated = schedule(when="data_ready", delay="1h")

    assert not gated.is_due(day("2026-10-01"), utc("2026-10-03"), None)
    assert not gated.is_due(day("2026-10-01"), utc("2026-10-03"), utc("2026-10-01T23:59"))
    assert gated.is_due(day("2026-10-01"), utc("2026-10-03"), utc("2026-10-02"))
    assert not gated.is_due(day("2026-10-01"), utc("2026-10-02T00:30"), utc("2026-10-02"))


def test_manual_windows_are_never_due() -> None:
    by_hand = schedule(when="manual")

    assert by_hand.due_at(day("2026-10-01")) is None and by_hand.next_due(utc("2026-10-05")) is None
    assert not by_hand.is_due(day("2026-10-01"), utc("2027-01-01"), utc("2027-01-01"))
    assert watched(by_hand, "2026-09-03T12:00") == ["09-02", "09-01"]


def test_the_deadline_counts_from_the_windows_end() -> None:
    assert schedule(late_after="14h").deadline(day("2026-10-01")) == utc("2026-10-02T14:00")
    assert schedule().deadline(day("2026-10-01")) is None


def test_catching_up_looks_back_as_far_as_the_spec_says() -> None:
    now = "2026-10-05T12:00"

    assert watched(schedule(when="at_end", catch_up="none"), now) == ["10-04"]
    assert watched(schedule(when="at_end", catch_up="last 3"), now) == ["10-04", "10-03", "10-02"]
    assert len(watched(schedule(when="at_end", catch_up="all"), now)) == 34


def test_windows_that_are_not_due_yet_do_not_count_as_caught_up() -> None:
    delayed = schedule(when="at_end", delay="2d", catch_up="none")
    gated = schedule(when="data_ready", catch_up="last 2")

    assert watched(delayed, "2026-10-05T12:00") == ["10-04", "10-03", "10-02"]
    assert watched(gated, "2026-10-05T12:00", loaded="2026-10-04T05:00") == ["10-04", "10-03", "10-02"]


def test_windows_that_wait_for_data_are_watched_up_to_a_bound() -> None:
    gated = schedule(when="data_ready", every="1h", start="2020-01-01", catch_up="last 2")

    assert len(watched(gated, "2026-10-05T12:00")) == MOST_WAITING
    far_behind = list(gated.watched(utc("2026-10-05T12:00"), utc("2026-01-01T00:30")))
    assert len(far_behind) == MOST_WAITING + 2
    assert far_behind[-1] == Window(utc("2025-12-31T22:00"), utc("2025-12-31T23:00"))


def test_watched_windows_come_lazily() -> None:
    ages = schedule(when="at_end", every="1m", start="1990-01-01", catch_up="all")

    assert len(list(islice(ages.watched(utc("2026-10-01"), None), 5))) == 5


def test_the_next_due_moment_is_of_the_window_that_ends_next() -> None:
    assert schedule(when="at_end", delay="1h").next_due(utc("2026-10-01T12:00")) == utc("2026-10-02T01:00")
    assert schedule(when="at_end", start="2027-01-01").next_due(utc("2026-10-01")) == utc("2027-01-02")
