"""Parts tile their window, are long enough and few enough, lie where people expect them, and are always the same."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.periods import Period
from forebay.scheduler.splitting.cutting import Rule, cut, generations
from forebay.scheduler.windows.bounds import later
from forebay.store.ledger.batch_policy import Span

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"]


def rule(least: str = "1h", most: int = 24, zone: str = "UTC") -> Rule:
    return Rule(zone=ZoneInfo(zone), least=Period.parse(least), most=most)


def span(start: str, end: str, zone: str = "UTC") -> Span:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for text in (start, end))
    return Span(start=first, end=last)


def walls(parts: tuple[Span, ...], zone: str = "UTC") -> list[str]:
    return [f"{part.start.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for part in parts]


rules = st.builds(
    rule,
    st.sampled_from(["1m", "15m", "45m", "1h", "5h", "24h", "1d", "3d", "1w", "1mo"]),
    st.integers(2, 60),
    st.sampled_from(ZONES),
)
spans = st.builds(
    lambda start, minutes: Span(start=start, end=start + timedelta(minutes=minutes)),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC, microsecond=0)),  # noqa: DTZ001
    st.one_of(st.integers(1, 3000), st.integers(1, 600_000), st.sampled_from([1380, 1440, 1500, 10080, 43200, 44640])),
)


@given(window=spans, wanted=st.integers(1, 80), rule=rules)
def test_parts_tile_the_window_and_keep_to_the_rule(window: Span, wanted: int, rule: Rule) -> None:
    parts = cut(window, wanted, rule)
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert all(part.start < part.end for part in parts)
    assert len(parts) <= rule.most
    if len(parts) > 1:
        assert all(later(part.start, rule.least, rule.zone) <= part.end for part in parts)


@given(window=spans, wanted=st.integers(1, 80), rule=rules)
def test_the_same_question_has_the_same_answer_whoever_asks(window: Span, wanted: int, rule: Rule) -> None:
    elsewhere = Span.model_validate_json(window.model_dump_json())
    assert cut(window, wanted, rule) == cut(elsewhere, wanted, rule)


@given(window=spans, rule=rules)
def test_each_generation_has_more_parts_and_the_last_as_many_as_there_may_be(window: Span, rule: Rule) -> None:
    counts = [1, *(len(parts) for parts in generations(window, rule))]
    assert counts == sorted(set(counts))
    assert counts[-1] == len(cut(window, rule.most, rule))
    for before, after in pairwise(counts):
        assert after >= min(2 * before, counts[-1])


def test_a_day_is_halved_and_halved_again() -> None:
    day = span("2026-03-10", "2026-03-11")
    assert [len(parts) for parts in generations(day, rule())] == [2, 4, 8, 24]
    assert walls(cut(day, 4, rule())) == ["03-10 00:00", "03-10 06:00", "03-10 12:00", "03-10 18:00"]


def test_a_month_is_cut_into_weeks_and_days_at_midnight_of_its_zone_across_a_clock_change() -> None:
    month = span("2026-03-01", "2026-04-01", "Europe/Berlin")
    weeks = cut(month, 4, rule(zone="Europe/Berlin"))
    assert walls(weeks, "Europe/Berlin") == [f"03-{day:02d} 00:00" for day in (1, 8, 15, 22, 29)]
    days = cut(month, 31, rule(most=31, zone="Europe/Berlin"))
    assert walls(days, "Europe/Berlin") == [f"03-{day:02d} 00:00" for day in range(1, 32)]
    assert days[28].end - days[28].start == timedelta(hours=23)


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_hours_of_a_day_on_which_the_clock_changes_are_elapsed_hours(date: str, hours: int) -> None:
    next_day = (datetime.fromisoformat(date) + timedelta(days=1)).date().isoformat()
    day = span(date, next_day, "Europe/Berlin")
    parts = cut(day, hours, rule(most=25, zone="Europe/Berlin"))
    assert [part.end - part.start for part in parts] == [timedelta(hours=1)] * hours


def test_where_there_would_be_too_many_neighbours_go_together() -> None:
    parts = cut(span("2026-10-25", "2026-10-26", "Europe/Berlin"), 24, rule(zone="Europe/Berlin"))
    lengths = [part.end - part.start for part in parts]
    assert sorted(lengths) == [timedelta(hours=1)] * 23 + [timedelta(hours=2)]


def test_a_rest_that_is_too_short_goes_to_the_last_part() -> None:
    parts = cut(span("2026-03-10T05:30", "2026-03-10T09:00"), 3, rule())
    assert walls(parts) == ["03-10 05:30", "03-10 06:30", "03-10 07:30"]
    assert parts[-1].end - parts[-1].start == timedelta(minutes=90)


def test_a_window_that_may_not_be_cut_stays_one_part() -> None:
    window = span("2026-03-10T05:00", "2026-03-10T06:30")
    assert cut(window, 8, rule()) == (window,)
    assert list(generations(window, rule())) == []


def test_no_more_parts_than_there_may_be() -> None:
    day = span("2026-03-10", "2026-03-11")
    assert [len(parts) for parts in generations(day, rule(least="1m", most=10))] == [2, 4, 8, 10]
