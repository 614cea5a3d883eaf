"""A window that lands in time makes no asset look stale: the longest window and what is promised fit in between."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from dagster_forebay import ExtractDescription
from dagster_forebay.freshness_promise import freshness_of
from dagster_forebay.window_partitions import partitions_of


def policy(every: str, time_zone: str, first: str, late_after: str | None) -> dg.FreshnessPolicy | None:
    extract = ExtractDescription(
        name="fees", every=every, time_zone=time_zone, first_start=first, late_after=late_after
    )
    return freshness_of(extract, partitions_of(extract))


@pytest.mark.parametrize(
    ("every", "time_zone", "first", "late_after", "longest"),
    [
        ("1d", "UTC", "2026-01-01T00:00:00+00:00", "12h", timedelta(hours=36)),
        ("1d", "Europe/Berlin", "2025-12-31T23:00:00+00:00", "12h", timedelta(hours=37)),
        ("1d", "UTC", "2026-01-01T00:00:00+00:00", "1d", timedelta(hours=49)),
        ("6h", "UTC", "2026-01-01T00:00:00+00:00", "30m", timedelta(hours=6, minutes=30)),
        ("1mo", "UTC", "2026-01-01T00:00:00+00:00", "2h", timedelta(days=31, hours=2)),
        ("0 6 * * 1-5", "UTC", "2026-01-01T06:00:00+00:00", "2h", timedelta(days=3, hours=2)),
    ],
)
def test_what_takes_longer_than_the_longest_window_and_the_promise_is_late(
    every: str, time_zone: str, first: str, late_after: str, longest: timedelta
) -> None:
    assert policy(every, time_zone, first, late_after) == dg.FreshnessPolicy.time_window(fail_window=longest)


@pytest.mark.parametrize(("every", "late_after"), [("1d", None), ("5h", "1h")])
def test_where_nothing_is_promised_or_windows_are_no_partitions_nothing_is_stale(
    every: str, late_after: str | None
) -> None:
    assert policy(every, "UTC", "2026-01-01T00:00:00+00:00", late_after) is None
