"""What people may do to a batch that was accepted, seen in what its lane serves."""

from dataclasses import replace

import pytest

from forebay.config.standing import FlowClass, Standing, StandingChange
from forebay.governor.contract import LaneLimits
from forebay.governor.errors import RedisUnavailable
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.steering import CancelReport, LaneSteering, Steering
from forebay.scheduler.errors import BatchUnknown, NotDropped
from tests.worker.conftest import BATCH, LANE, World, query_run


def test_a_batch_that_is_paused_starts_nothing_until_it_is_resumed(world: World) -> None:
    cap = world.rt.config.connection().cap
    world.open(cap, "before it")
    world.open()
    world.steering.pause(BATCH, "month end")
    world.steering.cancel("before it")

    world.step(Step.SUBMIT)  # frees all slots
    flow = world.view.flow(LANE, BATCH)
    assert flow and flow.paused and flow.paused.reason == "month end"
    assert world.state() is RunState.WAITING

    assert world.steering.resume(BATCH)
    assert world.state() is RunState.GRANTED
    assert not world.steering.resume(BATCH), "it was not paused any more"


def test_a_change_is_seen_in_the_flow_and_what_is_not_named_stays(world: World) -> None:
    world.open()

    assert world.steering.change(BATCH, StandingChange(flow_class=FlowClass.BACKFILL, ceiling=3))

    flow = world.view.flow(LANE, BATCH)
    assert flow and flow.standing == Standing(flow_class=FlowClass.BACKFILL, weight=1.0, ceiling=3)


def test_canceling_drops_what_waits_and_says_what_goes_on(world: World) -> None:
    cap = world.rt.config.connection().cap
    world.open(cap + 5)
    world.step(Step.SUBMIT, *(query_run(id=f"qryrun_{number}") for number in range(cap)))

    assert world.steering.cancel(BATCH) == CancelReport(dropped=5, held=cap)
    assert world.state() is RunState.RUNNING
    assert world.rt.ledger.canceled_at(BATCH)


def test_redis_that_forgot_a_batch_is_told_nothing_of_it(world: World) -> None:
    world.open()
    world.rt.redis.flushall()

    assert not world.steering.pause(BATCH, "month end")
    assert not world.steering.change(BATCH, StandingChange(weight=2.0))
    assert world.steering.cancel(BATCH) == CancelReport(dropped=0, held=0)


def test_who_cannot_bring_back_what_redis_lost_says_so_and_the_cancel_stands(world: World) -> None:
    world.open()
    world.rt.redis.flushall()
    elsewhere = replace(world.rt.config, connections={})
    reconciler = Reconciler(world.rt.ledger, world.rt.redis, elsewhere, world.rt.open_store)

    with pytest.raises(NotDropped, match=f"{BATCH} is canceled in the ledger.*no Stripe key"):
        Steering(world.rt.ledger, world.rt.redis, reconciler).cancel(BATCH)

    world.reconciler.all()
    flow = world.view.flow(LANE, BATCH)
    assert flow and flow.canceling


def test_what_is_wanted_stands_in_the_ledger_before_redis_hears_of_it(world: World) -> None:
    world.open()
    gone = connect("redis://127.0.0.1:1")
    steering, lanes = Steering(world.rt.ledger, gone), LaneSteering(world.rt.ledger, gone)
    for act in (
        lambda: steering.change(BATCH, StandingChange(weight=2.0)),
        lambda: steering.pause(BATCH, "month end"),
        lambda: steering.cancel(BATCH),
        lambda: lanes.limit(LANE, LaneLimits(cap=1, creates_per_s=0.5)),
        lambda: lanes.pause(LANE, "night"),
    ):
        with pytest.raises(RedisUnavailable):
            act()

    intents, of_lane = world.rt.ledger.intents.of_batch(BATCH), world.rt.ledger.intents.of_lane(LANE)
    assert intents and (intents.paused, intents.standing) == ("month end", Standing(weight=2.0))
    assert of_lane and (of_lane.record.paused, of_lane.record.limits) == ("night", {"cap": 1, "creates_per_s": 0.5})
    assert world.rt.ledger.canceled_at(BATCH)
    (marks,) = world.rt.ledger.open_marks.all().values()
    assert {"canceled", "intents-000002"} < marks


def test_a_lane_that_goes_on_and_a_batch_that_does_are_paused_no_more_in_the_ledger_either(world: World) -> None:
    world.open()
    lanes = LaneSteering(world.rt.ledger, world.rt.redis)
    assert (lanes.pause(LANE, "night"), lanes.resume(LANE), lanes.resume(LANE)) == (True, True, False)
    world.steering.pause(BATCH, "month end")
    world.steering.resume(BATCH)

    intents, of_lane = world.rt.ledger.intents.of_batch(BATCH), world.rt.ledger.intents.of_lane(LANE)
    assert intents and of_lane
    assert (intents.paused, of_lane.record.paused) == (None, None)


@pytest.mark.parametrize("act", ["cancel", "resume"])
def test_there_is_nothing_to_steer_of_a_batch_that_nobody_submitted(world: World, act: str) -> None:
    with pytest.raises(BatchUnknown):
        getattr(world.steering, act)("nobodys")
