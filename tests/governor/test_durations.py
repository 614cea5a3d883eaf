"""What is learned from ends that nobody saw: each is counted as what it most likely was, between two looks."""

import math
import random
from dataclasses import replace

import pytest

from governor.looks import Durations, next_look_s
from governor.states import RunState, Step
from tests.governor.driver import Lane


def live(lane: Lane, duration_s: float, query: str) -> int:
    """One run, looked at as the plan says until it is seen to have ended; returns how many looks that took."""
    custody = lane.bind_one()
    age_s = 0.0
    for looks in range(1, 1000):
        scarce = replace(lane.governor.outlook(query), retrieves_per_s=0.2)
        wait_s = next_look_s(age_s, scarce)
        assert lane.governor.again(custody, int(wait_s * 1000))
        lane.pass_time(int(wait_s * 1000))
        age_s += wait_s
        custody = lane.hold(Step.POLL)
        if age_s >= duration_s:
            assert lane.governor.ready(custody, query=query)
            assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)
            return looks
    raise AssertionError("never looked at late enough")


def known(lane: Lane, query: str = "q") -> Durations:
    durations = lane.governor.outlook(query).durations
    assert durations is not None
    return durations


def test_planned_looks_learn_what_queries_really_take(lane: Lane) -> None:
    """A plan with few looks spends them at the end; half-way to that look would halve what it expects next."""
    dice = random.Random(7)
    lane.open(size=80, cap=1)
    for _ in range(80):
        live(lane, dice.lognormvariate(math.log(20), 0.15), "q")

    assert known(lane).median_s == pytest.approx(20, rel=0.1)
    assert known(lane).sigma == pytest.approx(0.15, abs=0.08)


def test_an_end_that_nothing_seen_so_far_explains_is_taken_as_half_way(lane: Lane) -> None:
    lane.open(size=40, cap=1)
    for _ in range(30):
        live(lane, 20.0, "q")
    before = known(lane)
    for _ in range(10):
        live(lane, 4000.0, "q")

    assert before.median_s == pytest.approx(20, rel=0.2)
    assert known(lane).sigma > 4 * before.sigma
