"""How ends come to be known: which path it is now, and when a feed is of no use."""

import pytest

from forebay.governor.contract import EndPath
from forebay.governor.feed_view import ENOUGH_SILENCE, OVERDUE_MS, WEBHOOKS_GOOD_FOR_S, FeedView, read_feed

HEARD = {EndPath.WEBHOOKS: 1.0}


def view(**of: object) -> FeedView:
    return FeedView(**{"alive": 1, "mean_s": None, **of})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "path"),
    [
        ({}, EndPath.LOOKS),
        ({"told": 1.0}, EndPath.EVENTS),
        ({"told": 1.0, "trouble": "403"}, EndPath.LOOKS),
        ({"told": 3.0, "missed": 9.0}, EndPath.LOOKS),
        ({"told": 3.0, "overdue": 9}, EndPath.LOOKS),
        ({"heard_s": {EndPath.WEBHOOKS: 1.0}}, EndPath.WEBHOOKS),
        ({"told": 9.0, "trouble": "403", "heard_s": {EndPath.WEBHOOKS: 1.0}}, EndPath.WEBHOOKS),
        ({"told": 9.0, "told_by": {EndPath.EVENTS: 6.0, EndPath.WEBHOOKS: 3.0}, "heard_s": HEARD}, EndPath.EVENTS),
        ({"told": 9.0, "told_by": {EndPath.EVENTS: 3.0, EndPath.WEBHOOKS: 6.0}, "heard_s": HEARD}, EndPath.WEBHOOKS),
        ({"told": 9.0, "heard_s": {EndPath.WEBHOOKS: WEBHOOKS_GOOD_FOR_S + 1}}, EndPath.EVENTS),
        ({"told": 1.0, "missed": 20.0, "heard_s": {EndPath.WEBHOOKS: 1.0}}, EndPath.LOOKS),
    ],
)
def test_names_the_path(of: dict[str, object], path: EndPath) -> None:
    assert view(**of).path is path


def test_a_feed_is_of_no_use_once_enough_ends_came_untold() -> None:
    assert not view(overdue=ENOUGH_SILENCE - 1).is_of_no_use
    assert view(overdue=ENOUGH_SILENCE).is_of_no_use
    assert not view(told=90.0, missed=9.0).is_of_no_use


@pytest.mark.parametrize("observed", EndPath)
def test_of_two_that_are_alike_the_one_stays_that_was(observed: EndPath) -> None:
    halves = {"told_by": {EndPath.EVENTS: 27.0, EndPath.WEBHOOKS: 23.0}, "heard_s": HEARD}
    at_the_edge = view(told=50.0, missed=48.0 if observed is EndPath.LOOKS else 0.0, observed=observed, **halves)
    assert at_the_edge.path is observed


@pytest.mark.parametrize("observed", EndPath)
def test_what_is_clear_is_clear_whatever_was(observed: EndPath) -> None:
    assert (
        view(told=50.0, told_by={EndPath.EVENTS: 45.0, EndPath.WEBHOOKS: 5.0}, observed=observed).path is EndPath.EVENTS
    )
    assert view(told=5.0, missed=90.0, heard_s=HEARD, observed=observed).path is EndPath.LOOKS
    assert view(told=50.0, told_by={EndPath.WEBHOOKS: 50.0}, heard_s=HEARD, observed=observed).path is EndPath.WEBHOOKS


def test_a_word_of_a_newer_release_stays_as_it_is_and_favours_nothing() -> None:
    read = read_feed({"told": "50", "told_events": "27", "told_webhooks": "23", "observed": "whispers"}, [], 1, None, 0)
    assert (read.observed, read.path) == ("whispers", EndPath.EVENTS)


def test_after_a_volley_of_ends_their_events_are_on_their_way() -> None:
    on_their_way, overdue = (
        read_feed({"told": "7"}, [10_000] * 43, 1, None, 10_000 + age_ms) for age_ms in (OVERDUE_MS - 1, OVERDUE_MS)
    )
    assert (on_their_way.is_of_no_use, on_their_way.told_share) == (False, 1.0)
    assert on_their_way.path is EndPath.EVENTS
    assert (overdue.is_of_no_use, overdue.told_share) == (True, 7 / 50)
    assert overdue.path is EndPath.LOOKS


def test_the_share_that_is_told_counts_what_should_have_come() -> None:
    assert view().told_share is None
    assert view(told=10.0).told_share == 1.0
    assert view(told=10.0, missed=5.0, overdue=5).told_share == 0.5


def test_webhooks_tell_where_they_are_first_to_tell_of_nearly_all() -> None:
    assert view(heard_s=HEARD).tells_by_webhooks, "the first that came"
    assert view(
        told=99.0, missed=1.0, told_by={EndPath.WEBHOOKS: 98.0, EndPath.EVENTS: 1.0}, heard_s=HEARD
    ).tells_by_webhooks
    assert not view(told=50.0, told_by={EndPath.WEBHOOKS: 25.0, EndPath.EVENTS: 25.0}, heard_s=HEARD).tells_by_webhooks
    assert not view(told=50.0, missed=20.0, told_by={EndPath.WEBHOOKS: 50.0}, heard_s=HEARD).tells_by_webhooks


def test_reads_means_and_ages_from_the_sums() -> None:
    fields = {
        "told": "4.5",
        "told_events": "4.5",
        "missed": "0.5",
        "delay_ms": "4500",
        "delays": "3",
        "lag_events_ms": "8000",
        "lags_events": "4",
        "heard_events": "9001",
        "swept": "9501",
        "sweep_at": "11000",
        "since": "{}",
        "trouble": "",
        "several": "100",
    }

    feed = read_feed(fields, [1, 9_000], 7, None, 10_001)

    assert feed == FeedView(
        alive=7,
        mean_s=None,
        told=4.5,
        missed=0.5,
        overdue=1,
        delay_s=1.5,
        lags_s={EndPath.EVENTS: 2.0},
        told_by={EndPath.EVENTS: 4.5},
        heard_s={EndPath.EVENTS: 1.0},
        sweep="{}",
        several=100,
    )
    assert read_feed({}, [], 0, None, 10_000) == FeedView(alive=0, mean_s=None)
