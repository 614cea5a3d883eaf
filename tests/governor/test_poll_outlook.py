"""What a plan of looks is made from: of a run that is alone, the list of events tells too seldom to be counted on."""

import pytest
import redis

from forebay.governor.contract import EndPath
from forebay.governor.governor import Governor
from forebay.governor.poll_outlook import GOOD_FOR_S, MANY_ALIVE
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


def calls(client: redis.Redis) -> int:
    return sum(stat["calls"] for name, stat in client.info("commandstats").items() if name != "cmdstat_info")


def test_where_many_run_the_lane_and_each_query_are_read_once_in_a_while(real_lane: Lane) -> None:
    lane, now_s = real_lane, 0.0
    governor = Governor(lane.client, lane.governor.lane, lambda: now_s)

    def known(query: str) -> tuple[int, float, int]:
        """The commands that it takes, the median in seconds, and how many run."""
        before = calls(lane.client)
        outlook = governor.outlook(query)
        assert outlook.durations
        return calls(lane.client) - before, round(outlook.durations.median_s), outlook.alive

    lane.open(size=2 * MANY_ALIVE, cap=2 * MANY_ALIVE)
    fits = {"": 0.0, "q": 9 * 2.303}  # one second, and ten
    for query, total in fits.items():
        sums: dict[str, str | float] = {"ends": 9, "sum": total, "squares": total * total / 9}
        lane.client.hset(lane.keys.durations(query), mapping=sums)
    for number, custody in enumerate(lane.hold_all(Step.SUBMIT)):
        assert governor.bind(custody, f"qr_{number}", 10_000)
        if number < MANY_ALIVE:
            assert known("")[2] == number + 1, "where few run each counts"

    assert known("q") == (1, 10, MANY_ALIVE)
    assert known("q") == (0, 10, MANY_ALIVE)
    assert known("other") == (1, 1, MANY_ALIVE)
    assert known("") == (0, 1, MANY_ALIVE)
    now_s += GOOD_FOR_S
    assert known("q") == (6, 10, 2 * MANY_ALIVE)
    lane.client.delete(*(lane.keys.durations(query) for query in fits))
