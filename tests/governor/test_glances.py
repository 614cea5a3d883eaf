"""A glance shows of many flows what a whole look shows of each, for a few commands."""

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.errors import LayoutMismatch
from forebay.governor.glances import Glance, glances
from forebay.governor.keys import LAYOUT
from forebay.governor.states import Gate, RunState, Step
from forebay.governor.view import View
from tests.governor.driver import LANE, Lane
from tests.governor.keyspace import everything
from tests.governor.test_costs import calls


def only(client: redis.Redis, lane: str = LANE, flow: str = "f") -> Glance:
    (glance,) = glances(client, [(lane, flow)])
    return glance


def test_a_flow_and_a_lane_that_nobody_knows_are_empty(lane: Lane) -> None:
    seen = only(lane.client)

    assert seen.flow is None
    assert (seen.lane.cap, seen.lane.held, seen.lane.gates, seen.lane.paused, seen.starting) == (0, 0, (), None, 0)


def test_of_slots_those_are_starting_whose_create_was_not_answered(lane: Lane) -> None:
    lane.open("other", size=2, cap=5)
    lane.open("f", size=3)
    lane.hold(Step.SUBMIT)
    assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr", 0)

    both = glances(lane.client, [(LANE, "f"), (LANE, "other")])

    assert sum(seen.starting for seen in both) == 4
    assert {seen.starting for seen in both} == {1, 3} or {seen.starting for seen in both} == {2}
    assert [seen.flow.held for seen in both if seen.flow] == [3, 2]


def test_what_stands_in_the_way_is_shown_as_a_whole_look_shows_it(lane: Lane) -> None:
    lane.open(size=2, cap=1)
    lane.client.hset(lane.keys.config, "server", "one that is gone")
    lane.configure(5)
    lane.client.hset(lane.keys.config, "server", "one that is gone")
    lane.governor.open_flow("later", 1)
    lane.governor.pause("month end")
    lane.governor.close_gate(Gate.AUTH, first_ms=5_000, longest_ms=60_000, reason="no permission")

    seen, whole = only(lane.client).lane, View(lane.client).lane(LANE)

    assert (seen.gates, seen.paused, seen.unreconciled) == (whole.gates, whole.paused, whole.unreconciled)
    assert seen.unreconciled
    assert seen.gates
    assert seen.paused


def test_a_lane_that_was_reconciled_by_another_way_is_not_said_to_wait(lane: Lane) -> None:
    """Its server may be back that was another one meanwhile: then the note of it is still there."""
    lane.open(size=2, cap=1)
    lane.client.hset(lane.keys.config, "unreconciled", "1700000000000000")

    assert only(lane.client).lane.unreconciled is None


def test_a_lane_of_another_layout_is_not_read_as_if_it_were_of_ours(lane: Lane) -> None:
    lane.open(cap=1)
    lane.client.hset(lane.keys.config, "layout", LAYOUT + 1)

    with pytest.raises(LayoutMismatch, match="a newer layout needs a newer Forebay"):
        only(lane.client)


def test_looking_changes_nothing(lane: Lane) -> None:
    lane.open(size=5, cap=2)
    lane.bind_one()
    lane.governor.close_gate(Gate.CREATE, first_ms=5_000, longest_ms=60_000, reason="too many")
    before = everything(lane.client)

    only(lane.client)

    assert everything(lane.client) == before


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["open", "submit", "land", "fail", "pause"]))))
def test_of_each_flow_it_shows_what_a_whole_look_shows(shared_valkey: redis.Redis, acts: list[tuple[str, str]]) -> None:
    shared_valkey.flushdb()
    lanes = {name: Lane(shared_valkey, name) for name in "abc"}
    for lane in lanes.values():
        lane.configure(2)
    for name, act in acts:
        _act(lanes[name], act)

    seen = glances(shared_valkey, [(name, "f") for name in "abc"])

    view = View(shared_valkey)
    assert [each.flow for each in seen] == [view.flow(name, "f") for name in "abc"]
    assert [each.starting for each in seen] == [view.starting_by_flow(name).get("f", 0) for name in "abc"]
    for each in seen:
        whole = view.lane(each.lane.lane)
        assert {name: getattr(whole, name) for name in type(each.lane).__dataclass_fields__} == {
            name: getattr(each.lane, name) for name in type(each.lane).__dataclass_fields__
        }


def _act(lane: Lane, act: str) -> None:
    if act == "open":
        lane.governor.open_flow("f", 3)
    elif act == "pause":
        lane.governor.pause("because")
    elif act == "submit":
        for custody in lane.hold_all(Step.SUBMIT)[:1]:
            lane.governor.bind(custody, "qr", 0)
    else:
        outcome = RunState.LANDED if act == "land" else RunState.FAILED
        for custody in lane.hold_all(Step.POLL)[:1]:
            lane.governor.finish(custody, outcome)


def test_five_hundred_lanes_cost_two_round_trips_and_four_commands_each(valkey: redis.Redis) -> None:
    lanes = [Lane(valkey, f"acme:live:acct_{number}") for number in range(500)]
    for lane in lanes:
        lane.open(size=2, cap=1)
    before = calls(valkey)

    seen = glances(valkey, [(lane.name, "f") for lane in lanes])

    assert calls(valkey) - before == 4 * 500
    assert [each.starting for each in seen] == [1] * 500
    valkey.flushdb()


def test_a_million_runs_cost_what_one_costs(valkey: redis.Redis) -> None:
    lane = Lane(valkey)
    lane.open("one", size=1, cap=0)
    lane.open("million", size=1_000_000)
    counted = []
    for flow in ("one", "million"):
        before = calls(valkey)
        only(valkey, flow=flow)
        counted.append(calls(valkey) - before)

    assert counted == [3, 3]
