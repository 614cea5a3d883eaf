"""A slot for what is asked beside all flows: waited for, kept while a run may be alive, and given back."""

from collections.abc import Iterator

import fakeredis
import pytest

from forebay.cli.errors import PreflightFailed
from forebay.cli.recording.held_slot import HeldSlot
from forebay.governor.states import Gate, Step
from forebay.worker.steps.retry_rules import SURELY_OVER_MS
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

    with pytest.raises(PreflightFailed, match="no slot of the lane came free"):
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


def test_ctrl_c_while_it_is_waited_for_leaves_the_slot_to_the_flows(lane: Lane) -> None:
    lane.open(size=3, cap=1)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        HeldSlot(lane.governor, pause=interrupt).__enter__()

    lane.configure(2)
    assert lane.view.held == 2


def test_a_request_is_waited_for_no_longer_than_the_slot(lane: Lane) -> None:
    lane.configure(2, creates_per_s=1, retrieves_per_s=1, requests_per_s=10)
    waits: list[float] = []

    def pause_that_takes_no_time(seconds: float) -> None:
        waits.append(seconds)
        assert len(waits) < 1_000, "it is waited for without end"

    with HeldSlot(lane.governor, patience_s=3, pause=pause_that_takes_no_time) as slot:
        slot.before_look()
        with pytest.raises(PreflightFailed, match="no request left within 3 s"):
            slot.before_look()


@pytest.mark.parametrize("lane_name", ["acme:live:acct_secret0001"])
def test_what_it_says_names_no_account(lane_name: str) -> None:
    with fakeredis.FakeRedis(decode_responses=True) as fake:
        lane = Lane(fake, lane_name)
        lane.configure(1, retrieves_per_s=5)
        said = []
        with HeldSlot(lane.governor) as slot:
            with pytest.raises(PreflightFailed) as full:
                HeldSlot(lane.governor, patience_s=0).__enter__()
            lane.governor.close_gate(Gate.RETRIEVE, first_ms=5_000, longest_ms=60_000, reason="too many")
            with pytest.raises(PreflightFailed) as held_back:
                slot.before_look()
            assert lane.governor.pause("month end")
            with pytest.raises(PreflightFailed) as lost:
                slot.before_create()
        said = [str(each.value) for each in (full, held_back, lost)]

    assert not [each for each in said if "acct_" in each], said


def test_a_redis_that_does_not_take_it_back_hides_nothing() -> None:
    server = fakeredis.FakeServer()
    with fakeredis.FakeRedis(server=server, decode_responses=True) as fake:
        lane = Lane(fake)
        lane.configure(1)
        with HeldSlot(lane.governor) as slot:
            server.connected = False

    assert slot.kept == "Redis did not take it back (RedisUnavailable)"
