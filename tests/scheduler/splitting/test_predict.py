"""History says beforehand which window would hit a wall, and into how many parts to cut it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.splitting.predict import GOOD, MOST_BYTES, MOST_S, NEAR, Landed, parts_wanted
from forebay.store.policy import Span

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def days(count: float) -> Span:
    return Span(start=NOON, end=NOON + timedelta(days=count))


def landed(*, gigabytes: float = 0, minutes: float = 0, length: float = 1) -> Landed:
    return Landed(window=days(length), bytes=int(gigabytes * 1e9), seconds=minutes * 60)


def test_a_window_without_a_past_runs_whole() -> None:
    assert parts_wanted([], days(1)) == 1


def test_a_window_that_fits_runs_whole() -> None:
    assert parts_wanted([landed(gigabytes=3.9, minutes=70)], days(1)) == 1


def test_one_that_came_near_to_either_wall_is_cut() -> None:
    assert parts_wanted([landed(gigabytes=4.2)], days(1)) == 2
    assert parts_wanted([landed(minutes=80)], days(1)) == 2


def test_what_landed_in_parts_counts_as_their_sum() -> None:
    assert parts_wanted([landed(gigabytes=20, minutes=30)], days(1)) == 8


def test_the_heaviest_of_the_last_windows_counts() -> None:
    assert parts_wanted([landed(gigabytes=1), landed(gigabytes=10), landed(gigabytes=2)], days(1)) == 4


def test_a_longer_window_is_heavier_by_its_length() -> None:
    assert parts_wanted([landed(gigabytes=3, length=28)], days(31)) == 1
    assert parts_wanted([landed(gigabytes=3.9, length=28)], days(31)) == 2
    assert parts_wanted([landed(gigabytes=1, length=1)], days(7)) == 3


@given(
    st.lists(st.builds(landed, gigabytes=st.floats(0, 100), minutes=st.floats(0, 5000), length=st.floats(0.1, 40))),
    st.floats(0.1, 40),
)
def test_parts_of_a_window_as_dense_as_any_before_stay_well_below_the_walls(past: list[Landed], length: float) -> None:
    wanted = parts_wanted(past, days(length))
    allowed = NEAR if wanted == 1 else GOOD
    for landed in past:
        share = days(length).end - NOON
        scale = share / (landed.window.end - landed.window.start) / wanted
        assert landed.bytes * scale <= MOST_BYTES * allowed * 1.001
        assert landed.seconds * scale <= MOST_S * allowed * 1.001
