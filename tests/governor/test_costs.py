"""What the governor costs does not grow with what waits. Real only: fakeredis counts neither commands nor bytes."""

import pytest
import redis

from forebay.governor.contract import EndPath
from forebay.governor.states import RunState, Step
from tests.governor.driver import Lane


def calls(client: redis.Redis) -> int:
    """Commands that the server has executed, those inside scripts included."""
    stats = client.info("commandstats")
    return sum(
        command["calls"] for name, command in stats.items() if name not in ("cmdstat_info", "cmdstat_config|resetstat")
    )


def live(lane: Lane) -> None:
    """One run's life from its claim to its landing; the slot goes to the next run meanwhile."""
    governor = lane.governor
    custody = lane.hold(Step.SUBMIT)
    assert governor.mark_sent(custody, "key") == "key"
    assert governor.bind(custody, "qr", 0)
    assert governor.ready(lane.hold(Step.POLL))
    assert governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED, stored_bytes=1, records=1)


def calls_per_run(lane: Lane, waiting: int, runs: int = 20) -> float:
    lane.client.flushdb()
    lane.configure(3)
    lane.open(size=waiting)
    live(lane)
    before = calls(lane.client)
    for _ in range(runs):
        live(lane)
    return (calls(lane.client) - before) / runs


def test_a_runs_life_costs_the_same_however_many_wait(real_lane: Lane) -> None:
    few, many = calls_per_run(real_lane, 100), calls_per_run(real_lane, 100_000)
    assert few == many
    # Three claims of one run each are a third of it: a pump claims many at once.
    assert many <= 121


def test_a_runs_life_costs_a_dozen_round_trips(real_lane: Lane) -> None:
    real_lane.configure(3)
    real_lane.open(size=100)
    live(real_lane)
    before = real_lane.client.info("commandstats")["cmdstat_evalsha"]["calls"]
    live(real_lane)
    assert real_lane.client.info("commandstats")["cmdstat_evalsha"]["calls"] - before == 10


def test_a_runs_life_costs_the_same_however_many_flows_wait(real_lane: Lane) -> None:
    real_lane.configure(3)
    costs = []
    for first, last in ((0, 2), (2, 500)):
        for at in range(first, last):
            real_lane.open(f"f{at}", 1000)
        live(real_lane)
        before = calls(real_lane.client)
        live(real_lane)
        costs.append(calls(real_lane.client) - before)
    # What other flows have served before, and the time that is noted once a second, may be a field more or less.
    assert costs[1] <= costs[0] + 3


class TestAClaimOfNothing:
    def cost(self, lane: Lane, *, believes: bool = False) -> int:
        """Of the second of two claims, as all but the first of a second are."""
        for _ in range(2):
            before = calls(lane.client)
            claims = lane.governor.claim(submits=9, downloads=9, polls=9, sweep_ms=10_000, unless_quiet=believes)
        assert not any(claims.due.values())
        return calls(lane.client) - before

    def test_costs_the_same_however_many_wait(self, real_lane: Lane) -> None:
        costs = []
        for waiting in (10, 100_000):
            real_lane.client.flushdb()
            real_lane.configure(2)
            real_lane.open(size=waiting)
            assert len(real_lane.claim(Step.SUBMIT)) == 2
            costs.append(self.cost(real_lane))
        assert costs[0] == costs[1] <= 12

    def test_costs_least_in_a_lane_without_work(self, real_lane: Lane) -> None:
        real_lane.configure(2)
        assert self.cost(real_lane) <= 8

    @pytest.mark.parametrize("observed", [EndPath.LOOKS, EndPath.EVENTS])
    def test_costs_no_more_where_many_run_and_events_are_asked_for(self, real_lane: Lane, observed: EndPath) -> None:
        real_lane.open(size=9, cap=3)
        for number, custody in enumerate(real_lane.hold_all(Step.SUBMIT)):
            assert real_lane.governor.bind(custody, f"qr_{number}", 20_000)
        fence = real_lane.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=10_000).sweep
        assert fence is not None
        held = real_lane.events.begin_sweep(fence, custody_ms=10_000)
        assert held is not None
        assert real_lane.events.swept(held, next_ms=10_000, since="", observed=observed)
        assert self.cost(real_lane) <= 12

    def test_costs_next_to_nothing_where_the_last_one_is_believed(self, real_lane: Lane) -> None:
        real_lane.open(size=9, cap=3)
        real_lane.claim(Step.SUBMIT)
        assert self.cost(real_lane, believes=True) == 3


def bytes_of(client: redis.Redis, keys: list[str]) -> int:
    return sum(client.memory_usage(key, samples=0) or 0 for key in keys)


def test_a_million_waiting_runs_cost_less_than_ten_kilobytes(real_lane: Lane) -> None:
    real_lane.configure(1)
    real_lane.open("warm", 1)
    before = real_lane.client.info("memory")["used_memory_dataset"]
    real_lane.open("f", 1_000_000)
    assert real_lane.client.info("memory")["used_memory_dataset"] - before < 10_000
    assert bytes_of(real_lane.client, real_lane.client.keys("*f*")) < 10_000


@pytest.mark.parametrize("states", ["first", "last"])
def test_a_million_outcomes_cost_less_than_a_megabyte(real_lane: Lane, states: str) -> None:
    real_lane.open("f", 1_000_000, cap=0)
    if states == "last":
        real_lane.client.hset(real_lane.keys.flow("f"), "next", 999_999)
    real_lane.configure(1)
    assert real_lane.governor.finish(real_lane.hold(Step.SUBMIT), RunState.FAILED)
    assert bytes_of(real_lane.client, [real_lane.keys.states("f")]) < 1_000_000


def test_a_settled_run_leaves_no_bytes_of_its_own(real_lane: Lane) -> None:
    real_lane.configure(1)
    real_lane.open(size=1000)
    live(real_lane)
    keys = set(real_lane.client.keys("*"))
    for _ in range(50):
        live(real_lane)
    now = set(real_lane.client.keys("*"))
    assert len(now) == len(keys)
