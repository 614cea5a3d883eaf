"""What pumps cost the server while nothing is to be done: counted at a real Valkey, by a clock of the test."""

from functools import partial

import pytest
import redis

from forebay.governor.claiming import Claiming, ClaimTerms
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.governor import Governor
from forebay.governor.states import Step
from forebay.governor.view import View
from forebay.worker.pump import Ports, Pump
from tests.governor.driver import Lane
from tests.governor.test_costs import calls


class Clocked:
    """A process's pump, and its clock."""

    def __init__(self, client: redis.Redis) -> None:
        self.now_s = 0.0
        view = View(client)
        ports = Ports(
            give_back=lambda: None,
            lanes=view.lanes,
            stirring=partial(view.stirring, steps=list(Step)),
            claim=Claiming(client, ClaimTerms(sweep_ms=60_000), lambda: self.now_s).claim,
            room=lambda _: 16,
            note=lambda lane, runs: None,
            noted=list,
            publish=lambda step, lane, runs: None,
            sweep=lambda lane, fence: None,
            audit=lambda lane: None,
            beat=lambda: Heartbeats(client).beat("here", 15),
            went_round=lambda: None,
        )
        self.pump = Pump(ports, tuple(Step), lambda: self.now_s)
        self.pump.hears(bells=True)

    def run(self, seconds: float) -> int:
        """So many ticks it took."""
        end_s, ticks = self.now_s + seconds, 0
        while self.now_s < end_s:
            self.now_s += max(self.pump.tick(), 0.01)
            ticks += 1
        return ticks


@pytest.fixture
def clocked(valkey: redis.Redis) -> Clocked:
    return Clocked(valkey)


@pytest.mark.parametrize("lanes", [500, 5_000])
def test_lanes_without_work_cost_a_few_commands_a_second(valkey: redis.Redis, clocked: Clocked, lanes: int) -> None:
    Governor(valkey, "0:test").configure(LaneLimits(cap=1))
    for at in range(1, lanes):
        valkey.copy("fb:{0:test}:cfg", f"fb:{{{at}:test}}:cfg")
    valkey.sadd("fb:lanes", *(f"{at}:test" for at in range(lanes)))
    clocked.run(60)
    before = calls(valkey)

    ticks = clocked.run(60)

    assert calls(valkey) - before <= 3 * 60
    assert ticks <= 60, "a tick costs a process some time, too"
    valkey.flushall()


def test_a_run_that_is_due_in_an_hour_costs_a_look_in_half_a_minute(valkey: redis.Redis, clocked: Clocked) -> None:
    lane = Lane(valkey)
    lane.open(cap=1)
    assert lane.governor.defer(lane.hold(Step.SUBMIT), 3_600_000)
    clocked.run(60)
    before = calls(valkey)
    clocked.run(60)
    assert calls(valkey) - before <= 2 * 60 + 3 * 20


def test_a_lane_in_which_everything_waits_for_a_slot_costs_no_more(valkey: redis.Redis, clocked: Clocked) -> None:
    lane = Lane(valkey)
    lane.open(size=1_000, cap=1)
    assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 3_600_000)
    # Told of by webhooks, so that the list of events is asked for seldom.
    fence = lane.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=1).sweep
    begun = lane.events.begin_sweep(fence or 0, custody_ms=1)
    assert lane.events.swept(begun or 0, next_ms=3_600_000, since="")
    clocked.run(60)
    before = calls(valkey)
    clocked.run(60)
    assert calls(valkey) - before <= 2 * 60 + 3 * 20
