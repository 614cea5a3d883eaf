from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.document.window_spec import WindowsSpec
from forebay.scheduler.windows.bounds import bounds
from forebay.scheduler.windows.calendar import Calendar, Window, label, parse_batch_id, window_batch_id

#: A clock that is set at night; one that is set by half an hour; ones without midnight or with two of them; none.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/Havana",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Apia",
]
EVERY = [
    "15m",
    "1h",
    "6h",
    "7h",
    "1d",
    "3d",
    "1w",
    "2w",
    "1mo",
    "3mo",
    "0 6 * * *",
    "*/20 * * * *",
    "30 2 * * 1-5",
    "0 0 L * *",
]


def calendar(every: str, start: str = "2024-01-01", timezone: str = "UTC", lookback: str | None = None) -> Calendar:
    given_ = {"every": every, "start": start, "timezone": timezone, "lookback": lookback}
    return Calendar.of(WindowsSpec.model_validate({key: value for key, value in given_.items() if value is not None}))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def at(text: str, zone: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def hours(window: Window) -> float:
    return (window.end - window.start) / timedelta(hours=1)


def around(cuts: Calendar, moment: datetime) -> Window:
    window = cuts.containing(moment)
    assert window is not None
    return window


def test_a_day_is_a_day_on_the_wall() -> None:
    days = calendar("1d", timezone="Europe/Berlin")

    assert around(days, utc("2026-10-01T12:00")) == Window(utc("2026-09-30T22:00"), utc("2026-10-01T22:00"))
    assert hours(around(days, utc("2026-03-29T12:00"))) == 23
    assert hours(around(days, utc("2026-10-25T12:00"))) == 25


def test_an_hour_is_an_hour_whatever_the_wall_shows() -> None:
    windows = list(calendar("1h", timezone="Europe/Berlin").between(utc("2026-10-24T22:00"), utc("2026-10-25T23:00")))

    assert len(windows) == 25 and {hours(window) for window in windows} == {1}


def test_a_day_without_midnight_begins_when_the_wall_first_shows_it() -> None:
    # In Santiago the clock went from 23:59:59 to 01:00 in the night to 2025-09-07.
    day = around(calendar("1d", timezone="America/Santiago"), at("2025-09-07T12:00", "America/Santiago"))

    assert day.start == at("2025-09-07T01:00", "America/Santiago") and hours(day) == 23


def test_a_day_with_two_midnights_begins_at_the_first() -> None:
    # In Havana the clock went from 01:00 back to 00:00 on 2025-11-02.
    day = around(calendar("1d", timezone="America/Havana"), at("2025-11-02T12:00", "America/Havana"))

    assert day.start == at("2025-11-02T00:00", "America/Havana", fold=0) and hours(day) == 25


def test_a_day_that_never_was_has_no_window() -> None:
    # Samoa went from the end of 2011-12-29 to 2011-12-31.
    days = calendar("1d", start="2011-12-28", timezone="Pacific/Apia")
    windows = list(islice(days.between(days.first, utc("2012-02-01T00:00")), 4))

    assert [label(window, days.zone) for window in windows] == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]
    assert [hours(window) for window in windows] == [24, 24, 24, 24]


def test_months_from_the_31st_end_with_short_months_and_come_back() -> None:
    months = calendar("1mo", start="2024-01-31")
    windows = islice(months.between(months.first, utc("2030-01-01T00:00")), 5)

    assert [f"{window.start:%m-%d}" for window in windows] == ["01-31", "02-29", "03-31", "04-30", "05-31"]


def test_years_of_months_from_a_leap_day_do_not_drift() -> None:
    years = calendar("12mo", start="2024-02-29")
    windows = islice(years.between(years.first, utc("2040-01-01T00:00")), 5)

    assert [f"{window.start:%Y-%m-%d}" for window in windows] == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
    ]


def test_cron_lines_cut_at_their_moments_and_the_first_window_is_whole() -> None:
    mondays = calendar("0 6 * * 1", start="2026-10-01", timezone="Europe/Berlin")
    first, second = islice(mondays.between(utc("2020-01-01T00:00"), utc("2027-01-01T00:00")), 2)

    assert first == Window(at("2026-10-05T06:00", "Europe/Berlin"), at("2026-10-12T06:00", "Europe/Berlin"))
    assert second.start == first.end


def test_a_cron_moment_that_the_wall_skips_is_the_next_one_that_it_shows() -> None:
    nightly = calendar("30 2 * * *", timezone="Europe/Berlin")

    assert around(nightly, at("2026-03-29T12:00", "Europe/Berlin")).start == at("2026-03-29T03:00", "Europe/Berlin")
    assert around(nightly, at("2026-10-25T12:00", "Europe/Berlin")).start == utc("2026-10-25T00:30")


def test_a_wall_that_goes_back_begins_nothing_again() -> None:
    # In St John's the clock went from 00:01 on 2010-11-07 back to 23:01 on the 6th.
    days = calendar("1d", start="2010-11-01", timezone="America/St_Johns")
    day = around(days, at("2010-11-06T23:30", "America/St_Johns", fold=1))

    assert day.start == at("2010-11-07T00:00", "America/St_Johns", fold=0) and hours(day) == 25
    thirds = calendar("*/20 * * * *", timezone="Europe/Berlin")
    assert around(thirds, at("2026-10-25T02:10", "Europe/Berlin", fold=1)) == Window(
        at("2026-10-25T02:40", "Europe/Berlin", fold=0), at("2026-10-25T03:00", "Europe/Berlin")
    )


def test_before_the_start_there_are_no_windows() -> None:
    days = calendar("1d", start="2026-10-01")

    assert days.containing(utc("2026-09-30T23:59")) is None
    assert list(days.ended(utc("2026-10-01T23:59"))) == []
    assert days.following(utc("2026-01-01T00:00")) == Window(utc("2026-10-01T00:00"), utc("2026-10-02T00:00"))
    assert list(days.ended(utc("2026-10-02T00:00"))) == [days.following(utc("2026-01-01T00:00"))]


def test_between_gives_every_window_that_has_a_part_of_it() -> None:
    months = calendar("1mo")

    assert [
        label(window, months.zone) for window in months.between(utc("2026-01-15T00:00"), utc("2026-03-01T00:00"))
    ] == [
        "2026-01",
        "2026-02",
    ]
    assert list(months.between(utc("2026-02-01T00:00"), utc("2026-02-01T00:00"))) == []


def test_lookback_moves_only_what_the_query_sees() -> None:
    days = calendar("1d", timezone="Europe/Berlin", lookback="3d")
    day = around(days, at("2026-10-26T12:00", "Europe/Berlin"))

    assert day.start == at("2026-10-26T00:00", "Europe/Berlin")
    assert days.query_start(day) == at("2026-10-23T00:00", "Europe/Berlin")
    assert calendar("1d", lookback="5h").query_start(day) == day.start - timedelta(hours=5)
    assert calendar("1d").query_start(day) == day.start


def test_windows_of_another_calendar_are_told_apart() -> None:
    days = calendar("1d")

    assert days.has(around(days, utc("2026-10-01T05:00")))
    assert not days.has(around(calendar("1h"), utc("2026-10-01T00:00")))
    assert not days.has(around(calendar("1d", start="2020-01-01"), utc("2023-01-01T00:00")))


@pytest.mark.parametrize(
    ("every", "zone", "words"),
    [
        ("1y", "UTC", "no length of time"),
        ("0 6 * *", "UTC", "five fields"),
        ("61 6 * * *", "UTC", "no cron line: bad minute"),
        ("0 0 0 * * *", "UTC", "five fields"),
        ("1d", "Europe/Berlln", "no time zone 'Europe/Berlln'"),
        ("1d", "../etc/passwd", "no time zone"),
    ],
)
def test_what_cannot_be_a_calendar_is_said_in_a_sentence(every: str, zone: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        calendar(every, timezone=zone)


@pytest.mark.parametrize(
    ("batch_id", "again", "start", "end"),
    [
        ("fees.20261001T0400Z-20261002T0400Z", 0, "2026-10-01T04:00", "2026-10-02T04:00"),
        ("fees.20261001T0400Z-20261002T0400Z.r2", 1, "2026-10-01T04:00", "2026-10-02T04:00"),
        ("fees.20261001T040001Z-20261002T0400Z.r11", 10, "2026-10-01T04:00:01", "2026-10-02T04:00"),
    ],
)
def test_a_batch_id_names_extract_window_and_repeat(batch_id: str, again: int, start: str, end: str) -> None:
    window = Window(utc(start), utc(end))

    assert window_batch_id("fees", window, again) == batch_id
    assert parse_batch_id(batch_id) == ("fees", window, again)


@pytest.mark.parametrize(
    "batch_id",
    [
        "20261122-070000-x7k2m",
        "fees.20261001T0400Z",
        "fees.20261001T0400Z-20261002T0400Z.r1",
        "fees.20261001T040000Z-20261002T0400Z",
        "fees.20261301T0400Z-20261002T0400Z",
        "fees.20261001T0400Z-20261002T0400Z.r02",
        "fees.20261001T0400Z-20261002T0400Z/x",
    ],
)
def test_other_ids_are_of_no_window(batch_id: str) -> None:
    assert parse_batch_id(batch_id) is None


@pytest.mark.parametrize(
    ("every", "moment", "words"),
    [
        ("1d", "2026-10-25T12:00", "2026-10-25"),
        ("1mo", "2026-10-25T12:00", "2026-10"),
        ("3mo", "2026-10-25T12:00", "2026-10-01..2026-12-31"),
        ("1w", "2026-10-25T12:00", "2026-10-19..2026-10-25"),
        ("1h", "2026-10-01T05:30", "2026-10-01 05:00"),
        ("1h", "2026-10-25T02:30", "2026-10-25 02:00+0200"),
        ("0 6 * * *", "2026-10-25T12:00", "2026-10-25 06:00"),
    ],
)
def test_a_window_has_a_short_name_for_people(every: str, moment: str, words: str) -> None:
    cuts = calendar(every, timezone="Europe/Berlin")

    assert label(around(cuts, at(moment, "Europe/Berlin")), cuts.zone) == words


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    start = draw(st.datetimes(datetime(2008, 1, 1), datetime(2026, 12, 31))).replace(second=0, microsecond=0)  # noqa: DTZ001
    return calendar(draw(st.sampled_from(EVERY)), start.isoformat(), draw(st.sampled_from(ZONES)))


MOMENTS = st.datetimes(datetime(2008, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def turns(zone: str) -> Iterator[datetime]:
    """Moments about which the zone's clock is set."""
    at_ = datetime(2008, 1, 1, tzinfo=UTC)
    while at_.year < 2030:
        after = at_ + timedelta(hours=12)
        if at_.astimezone(ZoneInfo(zone)).utcoffset() != after.astimezone(ZoneInfo(zone)).utcoffset():
            yield at_
        at_ = after


TURNS = {zone: list(turns(zone)) or [datetime(2020, 1, 1, tzinfo=UTC)] for zone in ZONES}


@st.composite
def moments_near_turns(draw: st.DrawFn, cuts: Calendar) -> datetime:
    near = draw(st.sampled_from(TURNS[cuts.zone.key]))
    return near + timedelta(minutes=draw(st.integers(-2000, 2000)))


@given(data=st.data(), cuts=calendars())
def test_windows_leave_no_gap_and_never_overlap(data: st.DataObject, cuts: Calendar) -> None:
    moment = data.draw(MOMENTS | moments_near_turns(cuts))
    windows = list(islice(cuts.ended(moment), 60))

    assert all(newer.start == older.end for newer, older in pairwise(windows))
    assert all(window.start < window.end <= moment for window in windows)
    assert len(windows) == 60 or moment < cuts.following(cuts.first).end or windows[-1].start == cuts.first


@given(data=st.data(), cuts=calendars())
def test_windows_are_the_same_whichever_way_they_are_asked_for(data: st.DataObject, cuts: Calendar) -> None:
    moment = data.draw(MOMENTS | moments_near_turns(cuts))
    backward = list(islice(cuts.ended(moment), 40))[::-1]
    if not backward:
        assert moment < cuts.following(cuts.first).end
        return

    assert list(cuts.between(backward[0].start, backward[-1].end)) == backward
    for window in backward:
        inside = data.draw(st.integers(0, int((window.end - window.start).total_seconds()) - 1))
        assert cuts.containing(window.start + timedelta(seconds=inside)) == window
        assert cuts.containing(window.end - timedelta(microseconds=1)) == window
        assert parse_batch_id(window_batch_id("x", window)) == ("x", window, 0)


@given(data=st.data(), cuts=calendars())
def test_labels_tell_windows_apart(data: st.DataObject, cuts: Calendar) -> None:
    windows = list(islice(cuts.ended(data.draw(MOMENTS | moments_near_turns(cuts))), 60))

    assert len({label(window, cuts.zone) for window in windows}) == len(windows)


class CountingZone(ZoneInfo):
    """A zone that counts how often somebody looks at its wall."""

    looks = 0

    def fromutc(self, dt: datetime) -> datetime:
        CountingZone.looks += 1
        return super().fromutc(dt)


@pytest.mark.parametrize("every", EVERY)
def test_windows_far_from_the_start_are_no_more_work(every: str) -> None:
    zone = CountingZone("Europe/Berlin")
    cuts = bounds(every, datetime(1990, 1, 1), zone)  # noqa: DTZ001
    before = CountingZone.looks
    cuts.at_or_before(utc("2026-10-01T12:00"))

    assert CountingZone.looks - before < 20
