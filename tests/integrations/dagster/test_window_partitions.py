"""Partitions are windows: each begins and ends where Forebay's does, on days of 23 and 25 hours too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from dagster_forebay import ExtractDescription, ForebayResource, describe_extracts
from dagster_forebay.window_partitions import key_of, partitions_of, window_of
from forebay_client import Client

#: Both days on which Berlin sets its clocks lie before it.
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def extract(every: str, time_zone: str = "UTC", first: str = "2026-01-01T00:00:00+00:00") -> ExtractDescription:
    return ExtractDescription(name="fees", every=every, time_zone=time_zone, first_start=first)


def cut(described: ExtractDescription) -> dg.TimeWindowPartitionsDefinition:
    partitions = partitions_of(described)
    assert partitions is not None
    return partitions


def hours(window: dg.TimeWindow) -> float:
    return (window.end.timestamp() - window.start.timestamp()) / 3600


@pytest.mark.parametrize(("day", "lasts"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_the_wall_makes_it(day: str, lasts: int) -> None:
    partitions = cut(extract("1d", "Europe/Berlin", "2025-12-31T23:00:00+00:00"))

    window = window_of(partitions, day)

    assert (window.start.isoformat()[:19], hours(window)) == (f"{day}T00:00:00", lasts)
    assert key_of(partitions, window.start.astimezone(UTC), window.end.astimezone(UTC)) == day


def test_hours_pass_on_both_days_and_are_named_in_utc() -> None:
    partitions = cut(extract("1h", "Europe/Berlin", "2025-12-31T23:00:00+00:00"))
    keys = partitions.get_partition_keys(current_time=NOW)

    assert keys[0] == "2025-12-31-23:00"
    assert len(keys) == len(set(keys)) == (NOW - datetime(2025, 12, 31, 23, tzinfo=UTC)) // timedelta(hours=1)
    assert {hours(window_of(partitions, key)) for key in keys if key.startswith(("2026-03-29", "2026-10-25"))} == {1}


@pytest.mark.parametrize(
    ("every", "first", "line", "key"),
    [
        ("15m", "2026-01-01T00:05:00+00:00", "5,20,35,50 * * * *", "2026-01-01-00:05"),
        ("60m", "2026-01-01T00:05:00+00:00", "5 * * * *", "2026-01-01-00:05"),
        ("6h", "2026-01-01T05:00:00+00:00", "0 5,11,17,23 * * *", "2026-01-01-05:00"),
        ("24h", "2026-01-01T05:30:00+00:00", "30 5 * * *", "2026-01-01-05:30"),
        ("1d", "2026-01-01T06:30:00+00:00", "30 6 * * *", "2026-01-01"),
        ("1w", "2026-01-04T00:00:00+00:00", "0 0 * * 0", "2026-01-04"),
        ("7d", "2026-01-05T00:00:00+00:00", "0 0 * * 1", "2026-01-05"),
        ("1mo", "2026-01-01T00:00:00+00:00", "0 0 1 * *", "2026-01-01"),
        ("3mo", "2026-02-15T00:00:00+00:00", "0 0 15 2,5,8,11 *", "2026-02-15"),
        ("0 6 * * 1-5", "2026-01-01T06:00:00+00:00", "0 6 * * 1-5", "2026-01-01-06:00"),
    ],
)
def test_a_cadence_is_a_cron_line(every: str, first: str, line: str, key: str) -> None:
    partitions = cut(extract(every, first=first))

    assert (partitions.cron_schedule, partitions.get_first_partition_key()) == (line, key)
    assert window_of(partitions, key).start == datetime.fromisoformat(first)


@pytest.mark.parametrize("every", ["2d", "5h", "7m", "90m", "5mo", "2w"])
def test_what_no_cron_line_says_is_no_partition(every: str) -> None:
    assert partitions_of(extract(every)) is None


def test_months_that_begin_on_a_day_that_not_all_have_are_no_partitions() -> None:
    assert partitions_of(extract("1mo", first="2026-01-31T00:00:00+00:00")) is None


@pytest.mark.parametrize(
    ("every", "time_zone", "first"),
    [
        ("1d", "Europe/Berlin", "2026-01-01T01:30:00+00:00"),  # 02:30, which the wall shows twice on 25 October
        ("0 * * * *", "Europe/Berlin", "2025-12-31T23:00:00+00:00"),
        ("30 1 * * *", "America/New_York", "2026-01-01T06:30:00+00:00"),
        ("0 * * * *", "Australia/Lord_Howe", "2025-12-31T13:00:00+00:00"),
    ],
)
def test_a_bound_that_the_wall_shows_twice_is_none_of_dagsters(every: str, time_zone: str, first: str) -> None:
    assert partitions_of(extract(every, time_zone, first)) is None
    assert partitions_of(extract(every, "UTC", first)) is not None


@pytest.fixture(scope="module")
def served(forebay_url: str) -> dict[str, ExtractDescription]:
    return {each.name: each for each in describe_extracts(ForebayResource(url=forebay_url))}


@pytest.mark.parametrize("name", ["charges_daily", "hourly", "quarters_of_a_day", "monthly", "on_weekdays"])
def test_all_windows_that_the_server_has_are_partitions_and_there_are_no_others(
    served: dict[str, ExtractDescription], forebay_url: str, name: str
) -> None:
    """Of a daily extract these are all of the year, with both days on which clocks are set."""
    with Client(forebay_url) as client:
        windows = client.extract(name, windows=1_000).windows
    theirs = [(each.start, each.end) for each in reversed(windows)]

    partitions = cut(served[name])
    keys = partitions.get_partition_keys(current_time=theirs[-1][1])
    ours = [window_of(partitions, key) for key in keys][-len(theirs) :]

    assert [(each.start, each.end) for each in ours] == theirs
    assert [key_of(partitions, *each) for each in theirs] == keys[-len(theirs) :]


def test_windows_that_cron_cannot_say_are_described_and_are_no_partitions(
    served: dict[str, ExtractDescription],
) -> None:
    assert served["every_five_hours"].every == "5h"
    assert partitions_of(served["every_five_hours"]) is None
