"""What a feed of events is worth, from what it told and what it did not."""

import pytest

from forebay.governor.feed import UNKNOWN_DELAY_S, Feed, delay_of_most_s, feed_of


def test_where_nothing_was_ever_told_there_is_none() -> None:
    assert feed_of(told=0, missed=90, unheard=3, delay_s=None) is None


def test_a_list_that_answers_may_be_as_good_as_bad_until_ends_are_seen() -> None:
    new, silent = (
        feed_of(told=0, missed=0, unheard=unheard, delay_s=None, ends_per_s=5.0, is_listed=True) for unheard in (0, 9)
    )
    assert new == Feed(missing=0.5, delay_s=UNKNOWN_DELAY_S)
    assert silent == Feed(missing=0.95, delay_s=UNKNOWN_DELAY_S)


def test_a_feed_that_told_of_all_is_nearly_sure() -> None:
    assert feed_of(told=49, missed=0, unheard=0, delay_s=1.5) == Feed(missing=0.01, delay_s=1.5)


def test_a_handful_of_ends_says_little() -> None:
    feed = feed_of(told=2, missed=0, unheard=0, delay_s=1.0)
    assert feed
    assert feed.missing == pytest.approx(1 / 6)


def test_ends_that_are_unheard_count_until_their_events_come() -> None:
    before, after = (feed_of(told=60, missed=0, unheard=unheard, delay_s=1.0) for unheard in (0, 20))
    assert before
    assert after
    assert before.missing < 0.02
    assert after.missing == pytest.approx(0.256, abs=0.01)


def test_events_that_may_be_on_their_way_are_not_missed() -> None:
    on_their_way, overdue = (
        feed_of(told=60, missed=0, unheard=unheard, delay_s=1.0, ends_per_s=5.0) for unheard in (10, 30)
    )
    assert on_their_way == feed_of(told=60, missed=0, unheard=0, delay_s=1.0)
    assert overdue == feed_of(told=60, missed=0, unheard=20, delay_s=1.0)


def test_of_a_feed_that_told_of_hardly_any_few_are_on_their_way() -> None:
    feed = feed_of(told=2, missed=0, unheard=30, delay_s=16.0, ends_per_s=5.0)
    assert feed
    assert feed.missing > 0.9


def test_a_clock_that_tells_no_delay_is_trusted_with_none() -> None:
    feed = feed_of(told=10, missed=0, unheard=0, delay_s=None)
    assert feed
    assert feed.delay_s == UNKNOWN_DELAY_S


@pytest.mark.parametrize(
    ("delays_s", "expected_s"), [([1.0, 1.0, 1.0], 1.0), ([1.0, 15.0], 15.0), ([1.0] * 9 + [15.0], 6.6), ([2.0], 2.0)]
)
def test_a_delay_that_varies_counts_as_that_of_most(delays_s: list[float], expected_s: float) -> None:
    squares = sum(delay_s**2 for delay_s in delays_s)
    assert delay_of_most_s(sum(delays_s), squares, len(delays_s)) == pytest.approx(expected_s)
    assert delay_of_most_s(4.0, 0.0, 2) == 2.0, "of a release that kept no squares"
