"""Audits note how a lane stands while it has work; an hour of it can be read, and an idle lane keeps nothing."""

import redis

from forebay.governor.keys import LaneKeys
from forebay.governor.lane_history import LaneHistories
from forebay.governor.states import Gate
from tests.governor.driver import Lane
from tests.governor.keyspace import pass_time

LANE = "acme:test"


def audit(lane: Lane) -> None:
    assert lane.governor.audit(every_ms=0, surely_over_ms=1)


def test_each_audit_notes_slots_limit_cap_and_what_was_refused_since(client: redis.Redis) -> None:
    lane = Lane(client)
    lane.open(size=5, cap=3)
    audit(lane)
    lane.governor.close_gate(Gate.CAP, first_ms=1_000, longest_ms=1_000, reason="429")
    audit(lane)
    audit(lane)

    samples = LaneHistories(client).read([lane.name])[lane.name]

    assert [(each.held, each.limit, each.cap) for each in samples] == [(3, 3, 3)] * 3
    assert [each.refusals for each in samples] == [{}, {Gate.CAP: 1}, {}]
    assert [each.at_ms for each in samples] == sorted(each.at_ms for each in samples)


def test_no_more_than_an_hour_is_kept_and_an_hour_later_nothing(client: redis.Redis) -> None:
    lane = Lane(client)
    lane.open(size=5, cap=3)
    for _ in range(130):
        audit(lane)

    assert len(LaneHistories(client).read([lane.name])[lane.name]) == 120
    pass_time(client, 3_900_001)
    assert LaneHistories(client).read([lane.name]) == {lane.name: []}


def test_a_line_of_another_release_is_passed_over_and_counts_that_fell_are_no_refusals(client: redis.Redis) -> None:
    client.rpush(LaneKeys(LANE).history, "3000 1 2 2 1 0 0", "nonsense", "2000 1 2 2 9 0 0", "1000 0 2 2")
    client.expire(LaneKeys(LANE).history, 60)

    samples = LaneHistories(client).read([LANE])[LANE]

    assert [(each.at_ms, each.refusals) for each in samples] == [(2_000, {}), (3_000, {})]
