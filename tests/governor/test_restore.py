"""Flows that Redis lost, opened again as the ledger remembers them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.contract import Remembered
from forebay.governor.states import RunState, Step, pack, unpack
from tests.governor.driver import Lane
from tests.governor.keyspace import everything, expiring

W, L, F, C = RunState.WAITING, RunState.LANDED, RunState.FAILED, RunState.CANCELED


def remembered(*states: RunState, canceling: bool = False, **attempts: int) -> Remembered:
    by_index = {int(name.removeprefix("run")): attempt for name, attempt in attempts.items()}
    return Remembered(
        size=len(states), states=states, attempts=by_index, stored_bytes=70, records=7, canceling=canceling
    )


def test_what_had_settled_stays_so_and_the_rest_runs(lane: Lane) -> None:
    lane.configure(9)
    assert lane.reconciliation.restore_flow("f", remembered(L, W, F, C, W, W))
    view = lane.flow()
    assert (view.landed, view.failed, view.canceled, view.stored_bytes, view.records) == (1, 1, 1, 70, 7)
    assert lane.slots() == {"f/1", "f/4", "f/5"}
    lane.finish_all(L)
    assert lane.states() == [L, L, F, C, L, L]
    assert lane.flow().done


def test_runs_are_granted_in_the_order_of_their_file(lane: Lane) -> None:
    lane.configure(1)
    assert lane.reconciliation.restore_flow("f", remembered(W, L, W, W, L, W))
    seen = []
    while held := lane.hold_all(Step.SUBMIT):
        seen += [custody.index for custody in held]
        assert lane.governor.finish(held[0], L)
    assert seen == [0, 2, 3, 5]


def test_a_retried_run_goes_on_with_its_attempt(lane: Lane) -> None:
    lane.configure(9)
    assert lane.reconciliation.restore_flow("f", remembered(W, W, W, W, run1=2))
    assert {held.index: held.attempt for held in lane.hold_all(Step.SUBMIT)} == {0: 0, 1: 2, 2: 0, 3: 0}


def test_of_a_long_flow_only_what_lies_before_the_last_outcome_costs_memory(lane: Lane) -> None:
    lane.configure(0)
    assert lane.reconciliation.restore_flow("f", remembered(*[W] * 50, L, *[W] * 10_000))
    assert lane.client.llen(lane.keys.requeued("f")) == 50
    assert lane.flow().waiting == 10_050


def test_a_flow_of_which_all_settled_is_done(lane: Lane) -> None:
    lane.configure(9)
    assert lane.reconciliation.restore_flow("f", remembered(L, F, L))
    assert lane.flow().done
    assert lane.slots() == set()
    assert expiring(lane.client) == {lane.keys.flow("f"), lane.keys.states("f")}
    assert lane.retry_all() == 1


def test_a_canceled_flow_takes_its_slots_only_to_settle_what_may_run(lane: Lane) -> None:
    lane.configure(9)
    assert lane.reconciliation.restore_flow("f", remembered(L, W, C, canceling=True))
    custody = lane.hold(Step.SUBMIT)
    assert (custody.index, custody.canceling) == (1, True)
    assert lane.governor.finish(custody, C)
    assert lane.flow().done


@pytest.mark.parametrize("states", [(W, W), (L, F), (W, L, W)])
def test_a_flow_that_redis_knows_is_left_alone(lane: Lane, states: tuple[RunState, ...]) -> None:
    lane.open(size=3, cap=1)
    before = everything(lane.client)
    assert not lane.reconciliation.restore_flow("f", remembered(*states))
    assert everything(lane.client) == before


def test_it_may_come_twice(lane: Lane) -> None:
    lane.configure(1)
    assert lane.reconciliation.restore_flow("f", remembered(L, W, W))
    before = everything(lane.client)
    assert not lane.reconciliation.restore_flow("f", remembered(L, W, W))
    assert everything(lane.client) == before


def test_a_holder_from_before_the_loss_is_stale(lane: Lane) -> None:
    lane.open(cap=1)
    before = lane.hold(Step.SUBMIT)
    lane.client.flushdb()
    lane.configure(1)
    assert lane.reconciliation.restore_flow("f", remembered(W))
    after = lane.hold(Step.SUBMIT)
    assert after.run == before.run
    assert after.fence > before.fence, "else both would hold the run"
    assert not lane.governor.bind(before, "qr_before", 0)
    assert lane.governor.bind(after, "qr_after", 0)


def test_who_begins_a_claim_again_since_redis_forgot_the_first_has_a_fence_of_its_own(lane: Lane) -> None:
    lane.open(cap=1)
    (claimed,) = lane.claim(Step.SUBMIT)
    as_claimed = {key: lane.client.hgetall(key) for key in (lane.keys.run(claimed.run), lane.keys.config)}
    fences = []
    for _ in range(20):
        fences.append(lane.begin(Step.SUBMIT, claimed).fence)
        for key, fields in as_claimed.items():
            lane.client.delete(key)
            lane.client.hset(key, mapping=fields)

    assert len(set(fences)) == len(fences), "else two would hold the run, and one give back what the other is at"
    assert min(fences) > claimed.fence


@given(st.lists(st.sampled_from(RunState)))
def test_states_are_packed_and_unpacked(states: list[RunState]) -> None:
    packed = pack(states)
    assert len(packed) == (len(states) + 1) // 2
    assert unpack(packed) == states + [W] * (len(states) % 2)
