"""Slots and requests for what is made beside all flows: counted under the cap, and given back."""

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.states import Gate, Step
from tests.governor.driver import Lane
from tests.governor.keyspace import pass_time

LONG_MS = 95 * 60_000


def held(lane: Lane) -> int:
    return int(lane.client.zcard(lane.keys.slots))


def test_a_slot_that_is_set_aside_is_granted_to_no_flow_until_it_is_given_back(lane: Lane) -> None:
    lane.configure(3)

    assert lane.governor.set_aside("me", 1, LONG_MS)
    lane.open(size=5)

    assert held(lane) == 2
    assert lane.governor.set_aside("me", 0, 0)
    assert held(lane) == 3


def test_in_a_full_lane_the_next_slot_that_is_freed_is_the_holders(lane: Lane) -> None:
    lane.open(size=5, cap=2)

    asked = lane.governor.set_aside("me", 1, LONG_MS)
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.mark_sent(custody, "key")
    assert lane.governor.bind(custody, "qr", 0)
    assert lane.governor.ready(lane.hold(Step.POLL))

    assert not asked
    assert lane.governor.set_aside("me", 1, LONG_MS)
    assert held(lane) == 1
    assert lane.governor.set_aside("me", 0, 0)
    assert held(lane) == 2


def test_what_a_holder_no_longer_sets_aside_is_granted_at_once(lane: Lane) -> None:
    lane.configure(4)
    assert lane.governor.set_aside("me", 3, LONG_MS)
    lane.open(size=5)

    assert lane.governor.set_aside("me", 1, LONG_MS)

    assert held(lane) == 3


def test_one_holder_at_a_time_has_some(lane: Lane) -> None:
    lane.configure(3)

    assert lane.governor.set_aside("me", 1, LONG_MS)
    assert not lane.governor.set_aside("another", 1, LONG_MS)
    assert not lane.governor.set_aside("another", 0, 0)
    lane.open(size=3)
    assert held(lane) == 2
    assert lane.governor.set_aside("me", 0, 0)


def test_what_a_dead_holder_had_comes_back_when_nothing_of_it_can_be_alive(lane: Lane) -> None:
    lane.configure(2)
    assert lane.governor.set_aside("dead", 1, LONG_MS)
    lane.open(size=4)
    assert held(lane) == 1

    pass_time(lane.client, LONG_MS + 1)
    lane.claim(Step.SUBMIT)

    assert held(lane) == 2


def test_another_one_may_have_what_a_dead_holder_had_when_nothing_of_it_can_be_alive(lane: Lane) -> None:
    lane.configure(2)
    assert lane.governor.set_aside("dead", 1, LONG_MS)
    assert not lane.governor.set_aside("me", 1, LONG_MS)

    pass_time(lane.client, LONG_MS + 1)

    assert lane.governor.set_aside("me", 1, LONG_MS)
    assert not lane.governor.set_aside("dead", 0, 0)


def test_people_see_what_is_set_aside_for_as_long_as_it_is(lane: Lane) -> None:
    lane.configure(3)
    assert lane.view.aside == 0
    assert lane.governor.set_aside("me", 1, LONG_MS)
    assert lane.view.aside == 1

    pass_time(lane.client, LONG_MS + 1_000)

    assert lane.view.aside == 0


def test_in_a_lane_that_is_paused_nothing_is_set_aside(lane: Lane) -> None:
    lane.configure(2)
    assert lane.governor.pause("month end")

    assert not lane.governor.set_aside("me", 1, LONG_MS)
    assert lane.governor.resume()
    lane.open(size=2)
    assert held(lane) == 2


def test_more_than_the_lane_has_is_never_set_aside(lane: Lane) -> None:
    lane.configure(1)

    assert not lane.governor.set_aside("me", 2, LONG_MS)
    assert lane.governor.set_aside("me", 1, LONG_MS)
    assert lane.governor.set_aside("me", 0, 0)


def test_what_may_be_alive_after_a_loss_leaves_what_is_set_aside_its_room(lane: Lane) -> None:
    lane.configure(2)
    assert lane.governor.set_aside("me", 1, LONG_MS)
    lane.open(size=2)
    assert lane.reconciliation.adopt("f", [(0, 0), (1, 0)]) == 1
    assert held(lane) == 2

    assert lane.claim(Step.SUBMIT) == [], "with the holder's that would be three, and the lane has two"

    assert lane.governor.set_aside("me", 0, 0)
    assert len(lane.claim(Step.SUBMIT)) == 2


@settings(max_examples=40)
@given(cap=st.integers(1, 6), margin=st.integers(0, 3), asked=st.lists(st.integers(0, 3), max_size=8))
def test_flows_and_holders_never_have_more_than_the_lane_has(
    shared_valkey: redis.Redis, cap: int, margin: int, asked: list[int]
) -> None:
    shared_valkey.flushdb()
    lane = Lane(shared_valkey)
    lane.configure(cap, margin)
    lane.open(size=20)
    aside = 0
    for slots in asked:
        answered = lane.governor.set_aside("me", slots, LONG_MS)
        aside = slots if answered else 0
        assert held(lane) + aside <= max(cap - margin, 0)
        for claimed in lane.claim(Step.SUBMIT, 2):
            custody = lane.begin(Step.SUBMIT, claimed)
            assert lane.governor.mark_sent(custody, custody.run)
            assert lane.governor.bind(custody, f"qr_{custody.run}", 0)
        for claimed in lane.claim(Step.POLL, 1):
            assert lane.governor.ready(lane.begin(Step.POLL, claimed))
        assert held(lane) + aside <= max(cap - margin, 0)
    shared_valkey.flushdb()


@pytest.mark.parametrize("operation", ["create", "retrieve"])
def test_a_request_beside_all_steps_is_one_of_the_budgets(lane: Lane, operation: str) -> None:
    lane.configure(2, creates_per_s=2, retrieves_per_s=2, requests_per_s=50)

    assert lane.governor.spend(operation) == 0
    wait_ms = lane.governor.spend(operation)
    assert 0 < wait_ms <= 500
    pass_time(lane.client, 500)
    assert lane.governor.spend(operation) == 0
    assert lane.client.hgetall(lane.keys.budgets).keys() == {operation, "all"}


def test_what_a_refusal_holds_back_is_not_asked_beside_it(lane: Lane) -> None:
    lane.configure(2)
    lane.governor.close_gate(Gate.CREATE, first_ms=5_000, longest_ms=60_000, reason="too many")

    assert lane.governor.spend("create") == -1
    assert lane.governor.spend("retrieve") == 0
