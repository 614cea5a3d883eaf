"""How ends come to be known: which path it is now, and when a feed is of no use."""

import pytest

from forebay.governor.contract import EndPath
from forebay.governor.feed_view import ENOUGH_SILENCE, WEBHOOKS_GOOD_FOR_S, FeedView, read_feed


def view(**of: object) -> FeedView:
    return FeedView(**{"alive": 1, "mean_s": None, **of})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "path"),
    [
        ({}, EndPath.LOOKS),
        ({"told": 1.0}, EndPath.EVENTS),
        ({"told": 1.0, "trouble": "403"}, EndPath.LOOKS),
        ({"told": 3.0, "missed": 9.0}, EndPath.LOOKS),
        ({"told": 3.0, "unheard": 9}, EndPath.LOOKS),
        ({"heard_s": {EndPath.WEBHOOKS: 1.0}}, EndPath.WEBHOOKS),
        ({"told": 9.0, "trouble": "403", "heard_s": {EndPath.WEBHOOKS: 1.0}}, EndPath.WEBHOOKS),
        ({"told": 9.0, "heard_s": {EndPath.WEBHOOKS: WEBHOOKS_GOOD_FOR_S + 1}}, EndPath.EVENTS),
        ({"told": 1.0, "missed": 20.0, "heard_s": {EndPath.WEBHOOKS: 1.0}}, EndPath.LOOKS),
    ],
)
def test_names_the_path(of: dict[str, object], path: EndPath) -> None:
    assert view(**of).path is path


def test_a_feed_is_of_no_use_once_enough_ends_came_untold() -> None:
    assert not view(unheard=ENOUGH_SILENCE - 1).is_of_no_use
    assert view(unheard=ENOUGH_SILENCE).is_of_no_use
    assert not view(told=90.0, missed=9.0).is_of_no_use


def test_reads_means_and_ages_from_the_sums() -> None:
    fields = {
        "told": "4.5",
        "missed": "0.5",
        "delay_ms": "4500",
        "delays": "3",
        "lag_events_ms": "8000",
        "lags_events": "4",
        "heard_events": "9000",
        "swept": "9500",
        "sweep_at": "11000",
        "since": "{}",
        "trouble": "",
    }

    feed = read_feed(fields, 2, 7, None, 10_000)

    assert feed == FeedView(
        alive=7,
        mean_s=None,
        told=4.5,
        missed=0.5,
        unheard=2,
        delay_s=1.5,
        lags_s={EndPath.EVENTS: 2.0},
        heard_s={EndPath.EVENTS: 1.0},
        swept_s=0.5,
        sweep="{}",
    )
    assert read_feed({}, 0, 0, None, 10_000) == FeedView(alive=0, mean_s=None)
