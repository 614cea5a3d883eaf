"""Requests stay inside what the operator allows, over every stretch of time, and what is allowed is used."""

from collections.abc import Iterator
from itertools import combinations_with_replacement

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from tests.governor.driver import Lane
from tests.governor.keyspace import pass_time

OPERATION_OF = {Step.SUBMIT: "create", Step.POLL: "retrieve", Step.DOWNLOAD: "retrieve"}


def burst_ms(per_s: float) -> float:
    return max(1000 / per_s, 250, min(500, 5 * 1000 / per_s))


PER_SECOND = st.floats(0.2, 60)
CLAIMS = st.lists(
    st.tuples(st.sampled_from([0, 1, 10, 99, 250, 1_000, 7_000]), *[st.sampled_from([0, 1, 5, 100])] * 3),
    min_size=1,
    max_size=12,
)


def always_due(lane: Lane, runs: int = 100) -> None:
    """Runs for all three steps: a claim that resends after 0 ms finds them due again and again."""
    lane.open(size=3 * runs, cap=3 * runs)
    for step, state in ((Step.SUBMIT, "granted"), (Step.POLL, "running"), (Step.DOWNLOAD, "ready")):
        names = [f"{state}/{index}" for index in range(runs)]
        lane.client.delete(lane.keys.due(step))
        lane.client.zadd(lane.keys.due(step), dict.fromkeys(names, 0))
        pipeline = lane.client.pipeline()
        for name in names:
            pipeline.hset(lane.keys.run(name), mapping={"state": state, "fence": "1", "attempt": "0"})
        pipeline.execute()


def claim_all(lane: Lane, submits: int, downloads: int, polls: int) -> dict[str, int]:
    """Requests by operation that one claim was granted."""
    claims = lane.governor.claim(submits=submits, downloads=downloads, polls=polls, resend_ms=0)
    requests = dict.fromkeys(("create", "retrieve"), 0)
    for step, due in claims.due.items():
        requests[OPERATION_OF[step]] += len(due)
    return {**requests, "all": sum(requests.values())}


@settings(max_examples=60)
@given(creates_per_s=PER_SECOND, retrieves_per_s=PER_SECOND, requests_per_s=PER_SECOND, claims=CLAIMS)
def test_no_stretch_of_time_has_more_requests_than_its_share_and_one_burst(
    shared_valkey: redis.Redis,
    creates_per_s: float,
    retrieves_per_s: float,
    requests_per_s: float,
    claims: list[tuple[int, int, int, int]],
) -> None:
    shared_valkey.flushdb()
    lane, clock = Lane(shared_valkey), View(shared_valkey)
    always_due(lane)
    lane.configure(300, 0, creates_per_s, retrieves_per_s, requests_per_s)
    rates = {"create": creates_per_s, "retrieve": retrieves_per_s, "all": requests_per_s}

    passed_ms, seen = 0, []
    for later_ms, *wanted in claims:
        pass_time(shared_valkey, later_ms)
        passed_ms += later_ms
        before_ms = passed_ms + clock.now_ms()
        requests = claim_all(lane, *wanted)
        seen.append((before_ms, passed_ms + clock.now_ms(), requests))

    for operation, per_s in rates.items():
        interval_ms = 1000 / per_s
        for first, last in combinations_with_replacement(range(len(seen)), 2):
            stretch_ms = seen[last][1] - seen[first][0] + 1
            sent = sum(requests[operation] for _, _, requests in seen[first : last + 1])
            assert sent <= (stretch_ms + burst_ms(per_s)) / interval_ms + 1e-6


@pytest.fixture
def due(lane: Lane) -> Iterator[Lane]:
    always_due(lane, 30)
    lane.pass_time(60_000)
    yield lane
    lane.client.flushdb()  # the runs were made up


# Of 3 a second one goes every 333 ms, and the burst is one: a pump that ticks every 100 ms is there after 400 ms.
# Real only: hundreds of scripts, which a fake takes ten times as long for.
@pytest.mark.parametrize("client", ["valkey"], indirect=True)
@pytest.mark.parametrize(("per_s", "least"), [(1, 10), (3, 25), (25, 250)])
def test_what_is_allowed_is_used(due: Lane, per_s: int, least: int) -> None:
    due.configure(300, creates_per_s=per_s)
    sent = 0
    for _ in range(100):
        due.pass_time(100)
        sent += claim_all(due, 100, 0, 0)["create"]
    assert sent >= least


@pytest.mark.parametrize(("per_s", "at_once"), [(0.1, 1), (1, 1), (4, 2), (10, 5), (20, 5), (25, 6), (100, 25)])
def test_an_idle_lane_may_send_a_quarter_of_a_seconds_worth_at_once_or_five_of_half_a_second(
    due: Lane, per_s: float, at_once: int
) -> None:
    due.configure(300, creates_per_s=per_s)
    assert claim_all(due, 100, 0, 0)["create"] == at_once


@given(per_s=st.floats(0.001, 1000), rest_ms=st.integers(0, 10**6))
def test_an_idle_lane_may_always_send_one(shared_valkey: redis.Redis, per_s: float, rest_ms: int) -> None:
    shared_valkey.flushdb()
    lane = Lane(shared_valkey)
    always_due(lane, 3)
    lane.configure(9, 0, per_s, per_s, per_s)
    assert claim_all(lane, 1, 0, 0)["all"] == 1
    lane.pass_time(rest_ms + int(2 * 1000 / per_s) + 1)
    assert claim_all(lane, 0, 1, 0)["all"] == 1


def test_a_long_rest_saves_nothing_up(due: Lane) -> None:
    due.configure(300, creates_per_s=25)
    claim_all(due, 100, 0, 0)
    due.pass_time(24 * 3600 * 1000)
    assert claim_all(due, 100, 0, 0)["create"] == 6


def test_each_operation_has_a_budget_of_its_own(due: Lane) -> None:
    due.configure(300, creates_per_s=4, retrieves_per_s=8)
    assert claim_all(due, 100, 100, 100) == {"create": 2, "retrieve": 4, "all": 6}


def test_all_operations_share_one_more(due: Lane) -> None:
    due.configure(300, requests_per_s=0.1)
    assert claim_all(due, 100, 100, 100)["all"] == 1
    assert claim_all(due, 0, 100, 100)["all"] == 0


def test_a_request_that_a_budget_refuses_costs_the_other_budget_nothing(due: Lane) -> None:
    due.configure(300, retrieves_per_s=0.001, requests_per_s=20)
    claim_all(due, 0, 1, 0)
    due.pass_time(1_000)
    assert claim_all(due, 0, 100, 100)["all"] == 0
    assert claim_all(due, 100, 0, 0)["all"] == 5


def test_a_new_rate_holds_from_the_next_claim_on(due: Lane) -> None:
    due.configure(300, creates_per_s=100)
    assert claim_all(due, 100, 0, 0)["create"] == 25
    due.configure(300, creates_per_s=4)
    due.pass_time(1_000)
    assert claim_all(due, 100, 0, 0)["create"] == 2


def test_resent_claims_are_charged_too(lane: Lane) -> None:
    # Whether the first message led to a request is unknown.
    lane.configure(1, creates_per_s=1)
    lane.open()
    assert len(lane.claim(Step.SUBMIT, resend_ms=100)) == 1
    lane.pass_time(500)
    assert lane.claim(Step.SUBMIT, resend_ms=100) == []
    assert lane.run(0).state is RunState.GRANTED
