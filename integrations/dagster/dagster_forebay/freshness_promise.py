"""Makes what the spec promises of an extract (`late_after`) a freshness policy of Dagster."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from dagster_forebay.extract_description import ExtractDescription
from dagster_forebay.window_partitions import read_period, window_of

#: The longest that each may be: a day in which clocks are set back, a long month.
_LONGEST = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "mo": timedelta(days=31),
}
_OF_A_CLOCK_SET_BACK = timedelta(hours=1)
_A_YEAR = timedelta(days=366)


def freshness_of(
    extract: ExtractDescription, partitions: dg.TimeWindowPartitionsDefinition | None
) -> dg.FreshnessPolicy | None:
    """Gives the policy; None where the spec promises nothing, or where windows are no partitions.

    Dagster measures from the last materialization of any partition, and Forebay from a window's end. Two windows that
    land in time are no further apart than the longest window and `late_after`: what takes longer is late for sure.
    """
    period = read_period(extract.late_after or "")
    if period is None or partitions is None:
        return None
    count, unit = period
    late_after = count * _LONGEST[unit]
    if unit not in ("m", "h"):
        late_after += _OF_A_CLOCK_SET_BACK
    return dg.FreshnessPolicy.time_window(fail_window=_longest(partitions) + late_after)


def _longest(partitions: dg.TimeWindowPartitionsDefinition) -> timedelta:
    """Measures the longest window of the first year."""
    first = partitions.get_next_partition_window(partitions.start, respect_bounds=False)
    assert first  # noqa: S101 - they have no end
    end = max(first.end, first.start + _A_YEAR)
    keys = partitions.get_partition_keys_in_time_window(dg.TimeWindow(first.start, end))
    windows = [window_of(partitions, key) for key in keys]
    # Not by the wall, which would make each day as long as the other.
    return max(timedelta(seconds=window.end.timestamp() - window.start.timestamp()) for window in windows)
