"""How numbers, times and places are written."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from forebay.cli.output import words


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_600, "1.0 MB"),
        (5 * 10**12, "5.0 TB"),
    ],
)
def test_bytes_have_a_decimal_unit(count: int, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (200, "3:20 min"), (3725, "1:02:05 h")])
def test_durations_are_short(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00 EUR"),
        ("1234.5", "1,234.50 EUR"),
        ("0.06", "0.06 EUR"),
        ("0.060036", "0.06 EUR"),
        ("0.0024", "0.0024 EUR"),
        ("0.000000123", "0.00000012 EUR"),
    ],
)
def test_money_has_as_many_digits_as_say_something(amount: str, text: str) -> None:
    assert words.money(Decimal(amount), "EUR") == text


def test_a_folder_below_this_one_is_named_as_it_would_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert words.place(str(tmp_path / "out")) == "out"
    assert words.place((tmp_path / "a b").as_uri()) == "a b"
    assert words.place("s3://bucket/prefix") == "s3://bucket/prefix"


@pytest.mark.parametrize(
    ("moment", "typed"),
    [
        (datetime(2026, 3, 29, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 6, tzinfo=UTC), "2026-03-29T06:00"),
        (datetime(2026, 3, 29, 0, 0, tzinfo=ZoneInfo("Europe/Berlin")), "2026-03-29"),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin")), "2026-03-29"),
    ],
)
def test_a_moment_is_written_as_an_option_takes_it(moment: datetime, typed: str) -> None:
    assert words.moment_option(moment) == typed
