"""What a plan of looks is made from: of a run that is alone, the list of events tells too seldom to be counted on."""

import pytest

from forebay.governor.contract import EndPath
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
