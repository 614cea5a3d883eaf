"""What is due sooner than pumps come rings, once; what they come for anyway does not."""

from collections.abc import Iterator

import pytest
import redis

from forebay.governor.contract import Custody, EndPath
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from tests.governor.driver import LANE, Lane
from tests.governor.sleeping_pumps import Ear


@pytest.fixture
def ear(client: redis.Redis) -> Iterator[Ear]:
    made = Ear(client)
    yield made
    made.close()


def claim_nothing(lane: Lane) -> None:
    """A pump has been here, and knows when something is due."""
    assert not any(lane.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=10_000).due.values())


@pytest.fixture
def held(lane: Lane, ear: Ear) -> Custody:
    """A create in hand, in a lane of which pumps know that nothing is due before this custody ends."""
    lane.open(size=3, cap=1)
    custody = lane.hold(Step.SUBMIT)
    claim_nothing(lane)
    list(ear.rung())
    return custody


def rung(ear: Ear) -> list[tuple[Step, int]]:
    return [(step, delay_ms) for step, delay_ms, lane in ear.rung() if lane == LANE]


def test_a_flow_rings_in_a_lane_where_nothing_was_due_and_once_however_much_is_granted(lane: Lane, ear: Ear) -> None:
    lane.configure(50)
    claim_nothing(lane)
    lane.open(size=50)
    assert rung(ear) == [(Step.SUBMIT, 0)]
    lane.open("another", 9)
    assert rung(ear) == []


def test_a_lane_that_no_pump_has_seen_rings_once(lane: Lane, ear: Ear) -> None:
    lane.open(size=50, cap=50)
    assert rung(ear) == [(Step.SUBMIT, 0)]


def test_who_takes_the_freed_slot_rings(lane: Lane, ear: Ear, held: Custody) -> None:
    assert lane.governor.finish(held, RunState.FAILED)
    assert rung(ear) == [(Step.SUBMIT, 0)]


def test_a_run_that_is_due_in_a_while_says_in_how_long(lane: Lane, ear: Ear, held: Custody) -> None:
    assert lane.governor.defer(held, 2_000)
    assert rung(ear) == [(Step.SUBMIT, 2_000)]


def test_a_run_that_is_due_after_pumps_come_does_not_ring(lane: Lane, ear: Ear, held: Custody) -> None:
    assert lane.governor.defer(held, 90_000)
    assert rung(ear) == []


def test_pumps_are_told_where_the_one_that_was_to_come_has_died(lane: Lane, ear: Ear, held: Custody) -> None:
    lane.pass_time(120_000)
    assert lane.governor.defer(held, 2_000)
    assert rung(ear) == [(Step.SUBMIT, 0)]
    lane.open("another", 9)
    assert rung(ear) == [], "they have been told"


def test_what_waits_for_requests_and_has_been_due_for_long_makes_nothing_ring(lane: Lane, ear: Ear) -> None:
    lane.open(size=2, cap=2)
    lane.pass_time(120_000)
    claim_nothing(lane)
    list(ear.rung())
    lane.configure(9)
    lane.open("another", 7)
    assert len(lane.slots()) == 9
    assert rung(ear) == []


def test_the_first_run_that_runs_rings_for_the_sweep_of_events(lane: Lane, ear: Ear, held: Custody) -> None:
    assert lane.governor.bind(held, "qr_1", 20_000)
    assert (Step.POLL, 0) in rung(ear)


@pytest.mark.parametrize(("look_ms", "rings"), [(1_000, True), (150, False)])
def test_it_rings_for_the_sweep_unless_pumps_come_soon_anyway(
    lane: Lane, ear: Ear, *, look_ms: int, rings: bool
) -> None:
    lane.open(size=2, cap=2)
    first, second = lane.hold_all(Step.SUBMIT)
    assert lane.governor.bind(first, "qr_1", 20_000)
    lane.client.zadd(lane.keys.due(Step.POLL), {first.run: View(lane.client).now_ms() + look_ms})
    lane.governor.claim(submits=None, downloads=None, polls=9)
    list(ear.rung())
    assert lane.governor.bind(second, "qr_2", 20_000)
    assert ((Step.POLL, 0) in rung(ear)) is rings


def test_an_end_that_is_told_rings_and_the_next_one_does_not(lane: Lane, ear: Ear) -> None:
    lane.open(size=2, cap=2)
    for number, custody in enumerate(lane.hold_all(Step.SUBMIT)):
        assert lane.governor.bind(custody, f"qr_{number}", 20_000)
    assert lane.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=10_000).sweep
    list(ear.rung())
    lane.events.wake(EndPath.WEBHOOKS, [("qr_0", None)])
    assert rung(ear) == [(Step.POLL, 0)]
    lane.events.wake(EndPath.WEBHOOKS, [("qr_1", None)])
    assert rung(ear) == []


def test_a_sweep_that_is_over_says_when_the_next_one_is_due(lane: Lane, ear: Ear, held: Custody) -> None:
    assert lane.governor.bind(held, "qr_1", 20_000)
    fence = lane.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=10_000).sweep
    assert fence is not None
    begun = lane.events.begin_sweep(fence, custody_ms=10_000)
    assert begun is not None
    list(ear.rung())
    assert lane.events.swept(begun, next_ms=1_000, since="")
    assert rung(ear) == [(Step.POLL, 1_000)]


def test_a_resume_rings_for_creates_that_are_due_since_before_the_pause(lane: Lane, ear: Ear) -> None:
    lane.open(cap=1)
    assert lane.governor.pause("a test")
    claim_nothing(lane)
    list(ear.rung())
    assert lane.governor.resume()
    assert rung(ear) == [(Step.SUBMIT, 0)]


def test_a_run_that_an_audit_finds_rings(lane: Lane, ear: Ear, held: Custody) -> None:
    lane.client.zrem(lane.keys.due(Step.SUBMIT), held.run)
    claim_nothing(lane)
    assert lane.governor.audit(every_ms=0, surely_over_ms=1_000_000)
    assert rung(ear) == [(Step.SUBMIT, 0)]


def test_a_clock_that_was_set_makes_pumps_look(lane: Lane, ear: Ear, held: Custody) -> None:
    now_ms = int(lane.client.time()[0]) * 1000
    lane.client.hset(lane.keys.config, "clock", now_ms + 3_600_000)
    lane.governor.spend("create")
    assert lane.view.clock_moved
    assert lane.governor.defer(held, 90_000)
    assert rung(ear) == [(Step.SUBMIT, 0)]


def test_a_user_who_may_not_ring_does_all_else(real_lane: Lane, valkey_url: str) -> None:
    # Real only: fakeredis lets everybody do everything.
    real_lane.client.execute_command("ACL", "SETUSER", "mute", "on", ">pw", "~fb:*", "+@all", "resetchannels")
    try:
        with connect(valkey_url.replace("redis://", "redis://mute:pw@")) as client:
            lane = Lane(client)
            lane.open(size=2, cap=1)
            assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 0)
    finally:
        real_lane.client.execute_command("ACL", "DELUSER", "mute")
