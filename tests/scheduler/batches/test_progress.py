"""Following a batch: each end is told once, and what has not moved is not read."""

from datetime import UTC, datetime

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.contract import Retry
from forebay.governor.glances import glances
from forebay.governor.states import RunState, Step, pack
from forebay.governor.view import View
from forebay.scheduler.batches.progress import Ends, Progress, RunEnd
from forebay.store.ledger.records import Batch, FlowSummary
from tests.governor.driver import LANE, Lane
from tests.governor.test_costs import calls

ENDS = (RunState.LANDED, RunState.FAILED, RunState.CANCELED)


def batch_on(*lanes: str, size: int) -> Batch:
    return Batch(
        id="f",
        output="out",
        source="queries",
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        connection="acme",
        flows=tuple(FlowSummary(lane=lane, size=size) for lane in lanes),
        chunk_items=500,
        writing="w",
    )


def look(client: redis.Redis, ends: Ends) -> list[RunEnd]:
    return [*ends.read(glances(client, [(flow.lane, "f") for flow in ends.batch.flows]))]


def test_each_run_is_told_when_it_has_settled_and_never_again(valkey: redis.Redis) -> None:
    lane = Lane(valkey)
    lane.open(size=3, cap=3)
    ends = Ends(View(valkey), batch_on(LANE, size=3))
    assert look(valkey, ends) == []

    custodies = lane.hold_all(Step.SUBMIT)
    assert lane.governor.finish(custodies[1], RunState.FAILED)
    assert look(valkey, ends) == [RunEnd(lane=LANE, index=1, state=RunState.FAILED)]
    assert look(valkey, ends) == []

    assert lane.governor.finish(custodies[0], RunState.LANDED)
    assert lane.governor.finish(custodies[2], RunState.CANCELED)
    assert look(valkey, ends) == [
        RunEnd(lane=LANE, index=0, state=RunState.LANDED),
        RunEnd(lane=LANE, index=2, state=RunState.CANCELED),
    ]
    assert look(valkey, ends) == []


@pytest.mark.parametrize("tell_past", [True, False])
def test_what_settled_before_is_told_if_it_is_asked_for(tell_past: bool, valkey: redis.Redis) -> None:
    lane = Lane(valkey)
    lane.open(size=2, cap=1)
    assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
    ends = Ends(View(valkey), batch_on(LANE, size=2), tell_past)

    assert [end.index for end in look(valkey, ends)] == ([0] if tell_past else [])
    assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.LANDED)
    assert [end.index for end in look(valkey, ends)] == [1]


def test_one_that_is_taken_up_again_is_told_again_with_its_next_end(valkey: redis.Redis) -> None:
    lane = Lane(valkey)
    lane.open(size=6, cap=4)
    ends = Ends(View(valkey), batch_on(LANE, size=6))
    for custody in lane.hold_all(Step.SUBMIT):  # the first four, so that nothing before the fifth is kept
        assert lane.governor.finish(custody, RunState.FAILED)
    assert [end.index for end in look(valkey, ends)] == [0, 1, 2, 3]

    assert lane.retry_all() == 4
    assert look(valkey, ends) == []
    lane.finish_all(RunState.LANDED)

    assert look(valkey, ends) == [RunEnd(lane=LANE, index=index, state=RunState.LANDED) for index in range(6)]


def test_one_that_is_taken_up_again_while_another_fails_is_told_with_its_next_end(valkey: redis.Redis) -> None:
    lane = Lane(valkey)
    lane.open(size=6, cap=4)
    ends = Ends(View(valkey), batch_on(LANE, size=6))
    for custody in lane.hold_all(Step.SUBMIT):
        assert lane.governor.finish(custody, RunState.FAILED)
    assert [end.index for end in look(valkey, ends)] == [0, 1, 2, 3]

    assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.FAILED)
    assert lane.governor.retry("f", [Retry(0, 1)]) == 1
    assert [end.index for end in look(valkey, ends)] == [4], "as many have failed as before"
    lane.finish_all(RunState.LANDED)

    assert look(valkey, ends) == [RunEnd(lane=LANE, index=index, state=RunState.LANDED) for index in (0, 5)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 8), st.sampled_from(RunState)), max_size=6), max_size=6))
def test_whatever_moves_all_ends_are_told_once_in_order(
    shared_valkey: redis.Redis, rounds: list[list[tuple[int, RunState]]]
) -> None:
    """States are written by themselves here, with counts that move whenever one of them does."""
    shared_valkey.flushdb()
    lane = Lane(shared_valkey)
    lane.open(size=9, cap=0)
    lane.client.hset(lane.keys.flow("f"), "next", 9)
    ends, now, told = Ends(View(shared_valkey), batch_on(LANE, size=9)), [RunState.WAITING] * 9, set[int]()
    for number, moves in enumerate(rounds, start=1):
        for index, state in moves:
            if not now[index].settled:  # what has settled stays so here
                now[index] = state
        lane.client.set(lane.keys.states("f"), pack(now))
        lane.client.hset(lane.keys.flow("f"), "records", number)

        found = [(end.index, end.state) for end in look(shared_valkey, ends)]

        assert found == [(index, state) for index, state in enumerate(now) if state.settled and index not in told]
        told |= {index for index, _ in found}
        alive = (RunState.GRANTED, RunState.RUNNING, RunState.READY)
        assert ends.in_state(*alive, most=99) == [(LANE, index) for index, state in enumerate(now) if state in alive]


def test_of_a_million_runs_a_look_reads_no_states_while_nothing_moves_and_few_when_one_does(
    valkey: redis.Redis,
) -> None:
    lane = Lane(valkey)
    lane.open(size=1_000_000, cap=0)
    states = [RunState.LANDED] * 999_998
    states[500_000] = RunState.RUNNING  # all before it have settled, and need not be read again
    lane.client.set(lane.keys.states("f"), pack(states))
    lane.client.hset(lane.keys.flow("f"), mapping={"next": 999_998, "landed": 999_997, "held": 1})
    ends = Ends(View(valkey), batch_on(LANE, size=1_000_000), tell_past=False)
    assert look(valkey, ends) == []

    def sent_by_a_look() -> tuple[int, int]:
        commands, sent = calls(valkey), valkey.info("stats")["total_net_output_bytes"]
        look(valkey, ends)
        info = valkey.info("stats")["total_net_output_bytes"] - sent
        return calls(valkey) - commands, info

    quiet_commands, quiet_bytes = sent_by_a_look()
    assert quiet_commands <= 6
    assert quiet_bytes < 20_000, "INFO itself is most of it"
    lane.client.hset(lane.keys.flow("f"), "bytes", 5)
    moved_commands, moved_bytes = sent_by_a_look()
    assert moved_commands - quiet_commands <= 3
    assert 200_000 < moved_bytes - quiet_bytes < 260_000
    assert ends.in_state(RunState.RUNNING, most=5) == [(LANE, 500_000)]
    valkey.flushdb()


def test_progress_sums_up_the_lanes(valkey: redis.Redis) -> None:
    lanes = [Lane(valkey, name) for name in ("a:live", "b:live")]
    for lane in lanes:
        lane.open(size=3, cap=2)
    assert lanes[0].governor.finish(lanes[0].hold(Step.SUBMIT), RunState.LANDED, stored_bytes=10, records=2)
    assert lanes[1].governor.bind(lanes[1].hold(Step.SUBMIT), "qr", 0)
    batch = batch_on("a:live", "b:live", size=3)

    progress = Progress.of(batch, glances(valkey, [(lane.name, "f") for lane in lanes]))

    assert (progress.size, progress.waiting, progress.held, progress.landed) == (6, 1, 4, 1)
    assert (progress.starting, progress.alive, progress.stored_bytes, progress.records) == (3, 1, 10, 2)
    assert progress.known
    assert not progress.done
