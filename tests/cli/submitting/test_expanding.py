"""A window is named by a date or a time: by the extract's clock, or by an offset where that shows an hour twice."""

from datetime import UTC, datetime

import pytest

from forebay.cli.submitting.expanding import moment_of
from forebay.config.document.window_spec import WindowsSpec
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Calendar

BERLIN = Calendar.of(WindowsSpec.model_validate({"every": "1h", "timezone": "Europe/Berlin", "start": "2026-01-01"}))


@pytest.mark.parametrize(
    ("typed", "hour_in_utc"),
    [
        ("2026-10-25T02:00", 0),  # by the clock, which shows it twice: the first
        ("2026-10-25T02:00+02:00", 0),
        ("2026-10-25T02:00+01:00", 1),
        ("2026-10-25T01:00Z", 1),
    ],
)
def test_a_time_without_an_offset_is_by_the_clock_of_the_extract(typed: str, hour_in_utc: int) -> None:
    assert moment_of(typed, "--window", BERLIN) == datetime(2026, 10, 25, hour_in_utc, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["soon", "0999-01-01", "9999-01-01T00:00Z"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match=f"--window {typed}: write a date such as"):
        moment_of(typed, "--window", BERLIN)
