"""A slot for what is asked beside all flows: waited for, kept while a run may be alive, and given back."""

from collections.abc import Iterator

import fakeredis
import pytest

from forebay.cli.errors import PreflightFailed
from forebay.cli.recording.held_slot import SURELY_OVER_MS, HeldSlot
from forebay.governor.states import Gate, Step
from tests.governor.driver import Lane
from tests.governor.keyspace import pass_time


@pytest.fixture
def lane() -> Iterator[Lane]:
    with fakeredis.FakeRedis(decode_responses=True) as fake:
        yield Lane(fake)


def test_in_a_full_lane_it_is_waited_for(lane: Lane) -> None:
    lane.open(size=3, cap=1)
    custody = lane.hold(Step.SUBMIT)

    def end_a_run(seconds: float) -> None:
        assert seconds > 0
        assert lane.governor.mark_sent(custody, "key")
        assert lane.governor.bind(custody, "qr", 0)
        assert lane.governor.ready(lane.hold(Step.POLL))

    with HeldSlot(lane.governor, patience_s=0.1, pause=end_a_run) as slot:
        slot.before_create()
        slot.may_be_alive = False
        assert lane.view.held == 0
    assert lane.view.held == 1


def test_who_waits_for_long_gives_up_and_takes_nothing(lane: Lane) -> None:
    lane.open(size=3, cap=1)

    with pytest.raises(PreflightFailed, match="no slot of lane acme:live came free"):
        HeldSlot(lane.governor, patience_s=1, pause=lambda _: None).__enter__()

    lane.configure(2)
    assert lane.view.held == 2


def test_what_may_be_alive_keeps_it_until_nothing_of_it_can_be(lane: Lane) -> None:
    lane.configure(1)
    with HeldSlot(lane.governor) as slot:
        slot.before_create()

    lane.open(size=1)
    assert lane.view.held == 0
    pass_time(lane.client, SURELY_OVER_MS + 1)
    lane.claim(Step.SUBMIT)
    assert lane.view.held == 1


def test_in_a_lane_that_was_paused_meanwhile_nothing_is_created(lane: Lane) -> None:
    lane.configure(2)

    with HeldSlot(lane.governor) as slot:
        assert lane.governor.pause("month end")
        with pytest.raises(PreflightFailed, match="gave the slot to others"):
            slot.before_create()
        assert not slot.may_be_alive


def test_requests_wait_for_the_budget_and_end_where_a_refusal_stands(lane: Lane) -> None:
    lane.configure(2, creates_per_s=1, retrieves_per_s=1, requests_per_s=10)
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        pass_time(lane.client, int(1000 * seconds) + 1)

    with HeldSlot(lane.governor, pause=pause) as slot:
        slot.before_look()
        slot.before_look()
        assert slot.requests == 2
        assert 0 < sum(waits) <= 1
        lane.governor.close_gate(Gate.RETRIEVE, first_ms=5_000, longest_ms=60_000, reason="too many")
        with pytest.raises(PreflightFailed, match="holds requests back"):
            slot.before_look()
