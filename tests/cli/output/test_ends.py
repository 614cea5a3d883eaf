"""How ends come to be known, in a line and in facts."""

from forebay.cli.output.ends import ends_facts, ends_line
from forebay.governor.contract import EndPath
from forebay.governor.feed_view import FeedView


def test_without_events_it_is_by_looking() -> None:
    facts = ends_facts(FeedView(alive=3, mean_s=10.0))

    assert ends_line(facts) == "found by looking"
    assert (facts["observed_by"], facts["missing"], facts["trouble"]) == ("looks", None, None)


def test_with_events_it_says_how_late_they_are_and_when_slots_are_freed() -> None:
    feed = FeedView(
        alive=3,
        mean_s=10.0,
        told=98,
        missed=2,
        delay_s=1.04,
        lags_s={EndPath.LOOKS: 2.31, EndPath.EVENTS: 1.62},
        heard_s={EndPath.EVENTS: 1.0},
    )

    assert ends_line(ends_facts(feed)) == (
        "told by Stripe's list of events; 98% told, 1.0 s late; freed after 2.3 s (looks), 1.6 s (events)"
    )


def test_what_stands_in_the_way_is_named() -> None:
    feed = FeedView(alive=3, mean_s=10.0, trouble="403 permission_denied")

    assert ends_line(ends_facts(feed)) == "found by looking; the list of events: 403 permission_denied"
