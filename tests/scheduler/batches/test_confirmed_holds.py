"""Whatever is confirmed to people holds, in whatever order it is asked for, after Redis was put back or emptied."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.config.standing import FlowClass, StandingChange
from forebay.governor.contract import LaneLimits
from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.steering import LaneSteering
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from forebay.worker.steps.carry_out import carry_out
from tests.scheduler.batches.losses import Snapshot, put_back, snapshot
from tests.worker.conftest import LANE, World, refusal

# What is done to a deployment, by people and by workers. Each is confirmed when it returns.


def accept(world: World, batch: str) -> None:
    world.open(2, batch)


def cancel(world: World, batch: str) -> None:
    world.steering.cancel(batch)


def pause(world: World, batch: str) -> None:
    world.steering.pause(batch, "not now")


def resume(world: World, batch: str) -> None:
    world.steering.resume(batch)


def serve_last(world: World, batch: str) -> None:
    world.steering.change(batch, StandingChange(flow_class=FlowClass.BACKFILL, weight=2.0))


def serve_first(world: World, batch: str) -> None:
    world.steering.change(batch, StandingChange(flow_class=FlowClass.INTERACTIVE, ceiling=1))


def retry(world: World, batch: str) -> None:
    flow = world.view.flow(LANE, batch)
    if flow and not flow.canceling:
        world.retrier.retry(batch)


def fail_all(world: World, _: str) -> None:
    """All that holds a slot fails, as far as the lane lets it go."""
    world.make_due(Step.SUBMIT)
    due = world.governor.claim(submits=100, downloads=0, polls=0).due[Step.SUBMIT]
    world.answers = [refusal(400, "query_run_invalid_sql")] * len(due)
    carry_out(world.rt, Step.SUBMIT, LANE, due)
    world.answers = []


def limit_low(world: World, _: str) -> None:
    LaneSteering(world.rt.ledger, world.rt.redis).limit(LANE, LaneLimits(cap=1))


def limit_margin(world: World, _: str) -> None:
    LaneSteering(world.rt.ledger, world.rt.redis).limit(LANE, LaneLimits(margin=1, creates_per_s=3.5))


def pause_lane(world: World, _: str) -> None:
    LaneSteering(world.rt.ledger, world.rt.redis).pause(LANE, "night")


def resume_lane(world: World, _: str) -> None:
    LaneSteering(world.rt.ledger, world.rt.redis).resume(LANE)


ACTS: Sequence[Callable[[World, str], None]] = (
    accept,
    cancel,
    pause,
    resume,
    serve_last,
    serve_first,
    retry,
    fail_all,
    limit_low,
    limit_margin,
    pause_lane,
    resume_lane,
)
THREE = ("b1", "b2", "b3")


def confirmed(world: World) -> dict[str, Any]:
    """What people see of all that they asked for; how a batch is served matters while something of it waits."""
    lane = world.view.lane(LANE)
    seen: dict[str, Any] = {
        "lane": (lane.cap, lane.margin, lane.budgets["create"].per_s, lane.paused and lane.paused.reason)
    }
    for batch in THREE:
        flow = world.view.flow(LANE, batch)
        if flow:
            served = (flow.standing, flow.paused and flow.paused.reason) if flow.waiting else None
            seen[batch] = (flow.size, flow.canceling, served)
    return seen


def retried_and_failed(world: World, batch: str) -> list[int]:
    """Runs that somebody took up again, and that stand as failed all the same."""
    states = world.view.states(LANE, batch, 0, 2) if world.view.flow(LANE, batch) else []
    failures = world.rt.ledger.failures(batch, LANE)
    return [index for index, failure in failures if failure.retried and states[index] is RunState.FAILED]


history = st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(THREE)), min_size=1, max_size=12)


@contextmanager
def anew(world: World, number: int) -> Iterator[World]:
    """The world with an empty Redis and an empty ledger."""
    world.rt.redis.flushall()
    ledger = Ledger(LocalStore(world.destination.parent / f"ledger-{number}"))
    world.rt.ledger = ledger
    world.destination = world.destination.parent / f"out-{number}"
    world.__post_init__()
    yield world


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=history, at=st.integers(0, 12), emptied=st.booleans())
def test_whatever_was_confirmed_holds_after_redis_was_put_back_or_emptied(
    world: World, acts: list[tuple[Callable[[World, str], None], str]], at: int, emptied: bool
) -> None:
    with anew(world, len(list(world.destination.parent.iterdir()))):
        accept(world, "b1")
        held: Snapshot = {}
        for number, (act, batch) in enumerate(acts):
            if number == at:
                held = snapshot(world)
            if act is accept or world.view.flow(LANE, batch):
                act(world, batch)
        before = confirmed(world)
        put_back(world, {} if emptied else held)

        assert world.reconciler.all().problems == {}

        after = confirmed(world)
        for batch in THREE:  # of one of which nothing waits any more, or again, nobody sees how it is served
            if before.get(batch, (0, 0, None))[2] is None or after[batch][2] is None:
                before.pop(batch, None)
                after.pop(batch, None)
        assert after == before
        assert [retried_and_failed(world, batch) for batch in THREE] == [[], [], []]
        assert world.reconciliation.unreconciled() is None
        assert world.reconciler.all().enforced == [], "and nothing is left to be told"
