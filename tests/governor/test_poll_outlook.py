"""What a plan of looks is made from: of a run that is alone, the list of events tells too seldom to be counted on."""

import pytest

from forebay.governor.contract import EndPath
from forebay.governor.states import Step
from forebay.governor.view import View
from tests.governor.driver import Lane


@pytest.mark.parametrize("observed", EndPath)
def test_a_run_that_is_alone_counts_on_webhooks_alone(lane: Lane, observed: EndPath) -> None:
    told: dict[str, str | int] = {"told": 50, "delay_ms": 50_000, "delays": 50, "swept": 1, "observed": observed}
    lane.client.hset(lane.keys.feed, mapping=told)
    lane.open(size=2, cap=2)
    lane.bind_one()

    assert (lane.governor.outlook("q").feed is not None) is (observed is EndPath.WEBHOOKS)
    lane.bind_one()
    assert lane.governor.outlook("q").feed is not None


def test_the_delay_is_that_of_most_ends_that_were_told_of(lane: Lane) -> None:
    view = View(lane.client)
    began_ms = view.now_ms()
    lane.open(size=4, cap=4)
    for number, delay_ms in enumerate((1_000, 15_000)):
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.mark_sent(custody, "key")
        assert lane.governor.bind(custody, f"qr_{number}", 0)
        lane.events.wake(EndPath.EVENTS, [(f"qr_{number}", view.now_ms() - delay_ms)])
        assert lane.governor.ready(custody)
    for _ in range(2):
        lane.bind_one()

    feed = lane.governor.outlook("q").feed
    assert feed
    took_s = (view.now_ms() - began_ms) / 1000
    assert 14.999 <= feed.delay_s <= 15.001 + took_s, "however slow the machine is"
