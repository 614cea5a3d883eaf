"""A Redis that is new or older than it was starts nothing before it is reconciled with the ledger."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from forebay.governor.contract import CreateOutcome, LaneLimits, Remembered
from forebay.governor.errors import FlowUnknown, LaneUnreconciled
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from tests.governor.driver import CUSTODY_MS, PLENTY, Lane, reconcile
from tests.governor.keyspace import everything
from tests.servers.valkey import valkey_server

W, G, L, F, C = RunState.WAITING, RunState.GRANTED, RunState.LANDED, RunState.FAILED, RunState.CANCELED
LIMITS = LaneLimits(cap=3, creates_per_s=PLENTY, retrieves_per_s=PLENTY, requests_per_s=PLENTY)


@contextmanager
def server(folder: Path) -> Iterator[Lane]:
    """A lane on a server that keeps all of its data in this folder."""
    keeping = ("--dir", str(folder), "--appendonly", "yes", "--appendfsync", "always")
    with valkey_server(*keeping) as url, connect(url) as client:
        yield Lane(client)


def put_back(lane: Lane) -> None:
    """Makes the data that of a server which is gone."""
    lane.client.hset(lane.keys.config, "server", "one that is gone")


class TestAnUnreconciledLane:
    def test_is_a_new_one(self, lane: Lane) -> None:
        lane.governor.configure(LIMITS)
        lane.governor.open_flow("f", 9)
        assert lane.reconciliation.unreconciled() is not None
        assert lane.slots() == set()

    def test_grants_once_it_is_reconciled(self, lane: Lane) -> None:
        lane.governor.configure(LIMITS)
        lane.governor.open_flow("f", 9)
        reconcile(lane.governor)
        assert lane.slots() == {"f/0", "f/1", "f/2"}
        assert lane.reconciliation.unreconciled() is None

    def test_hands_out_no_creates_but_looks_and_downloads(self, lane: Lane) -> None:
        lane.open(size=9, cap=3)
        ending, running, _ = lane.hold_all(Step.SUBMIT)
        assert lane.governor.bind(ending, "qr_1", 0)
        assert lane.governor.ready(lane.hold(Step.POLL))
        assert lane.governor.bind(running, "qr_2", 0)
        put_back(lane)
        lane.pass_time(CUSTODY_MS)

        claims = lane.governor.claim(submits=9, downloads=9, polls=9)

        assert {step: [claimed.run for claimed in due] for step, due in claims.due.items()} == {
            Step.SUBMIT: [],
            Step.POLL: ["f/1"],
            Step.DOWNLOAD: ["f/0"],
        }
        assert claims.unreconciled

    def test_says_nothing_where_nothing_would_run(self, lane: Lane) -> None:
        lane.open(size=3, cap=3)
        lane.hold_all(Step.SUBMIT)
        put_back(lane)
        assert not lane.governor.claim(submits=9, downloads=9, polls=9).unreconciled

    def test_lets_nobody_send_who_was_about_to(self, lane: Lane) -> None:
        lane.open(cap=1)
        custody = lane.hold(Step.SUBMIT)
        put_back(lane)
        with pytest.raises(LaneUnreconciled, match="new or older than it was"):
            lane.governor.mark_sent(custody, "key")
        assert lane.governor.defer(custody, 0, "reconciling")
        assert lane.claim(Step.SUBMIT) == []
        reconcile(lane.governor)
        again = lane.hold(Step.SUBMIT)
        assert (again.run, again.since_sent_ms) == ("f/0", None)
        assert lane.governor.mark_sent(again, "key") == "key"

    def test_lets_nobody_send_who_was_told_to_before(self, lane: Lane) -> None:
        lane.open(cap=1)
        told = lane.claim(Step.SUBMIT)
        put_back(lane)
        reconcile(lane.governor)
        custody = lane.begin(Step.SUBMIT, told[0])
        with pytest.raises(LaneUnreconciled, match="claimed before"):
            lane.governor.mark_sent(custody, "key")

    def test_keeps_slots_that_become_free(self, lane: Lane) -> None:
        lane.open(size=9, cap=1)
        lane.bind_one()
        put_back(lane)
        assert lane.governor.ready(lane.hold(Step.POLL))
        assert lane.slots() == set()
        reconcile(lane.governor)
        assert lane.slots() == {"f/1"}


class TestAReconciliation:
    def test_is_for_what_redis_held_when_it_began(self, lane: Lane) -> None:
        lane.governor.configure(LIMITS)
        lane.governor.open_flow("f", 9)
        begun = lane.reconciliation.unreconciled()
        assert begun
        lane.client.flushdb()
        lane.governor.configure(LIMITS)
        lane.governor.open_flow("f", 9)
        assert not lane.reconciliation.reconciled(begun)
        assert lane.slots() == set()

    def test_of_a_lane_that_nobody_configured_has_no_end(self, lane: Lane) -> None:
        begun = lane.reconciliation.unreconciled()
        assert begun
        assert not lane.reconciliation.reconciled(begun)

    def test_ends_once(self, lane: Lane) -> None:
        lane.governor.configure(LIMITS)
        begun = lane.reconciliation.unreconciled()
        assert begun
        assert lane.reconciliation.reconciled(begun)
        assert not lane.reconciliation.reconciled(begun)


class TestAdopting:
    def test_takes_slots_past_the_limit_before_anything_else_gets_one(self, lane: Lane) -> None:
        lane.open(size=20, cap=2)
        lane.open("other", 5)
        assert lane.reconciliation.adopt("f", [(4, 0), (7, 0), (5, 0)]) == 3
        assert lane.slots() == {"f/0", "f/1", "f/4", "f/5", "f/7"}
        states = lane.states()
        assert [index for index, state in enumerate(states) if state is G] == [0, 1, 4, 5, 7]
        assert lane.flow().waiting == 15

    def test_what_was_skipped_waits_on_in_its_order(self, lane: Lane) -> None:
        lane.open(size=6, cap=1)
        assert lane.reconciliation.adopt("f", [(3, 0), (5, 0)]) == 2
        lane.configure(9)
        assert sorted(held.index for held in lane.hold_all(Step.SUBMIT)) == [0, 1, 2, 3, 4, 5]
        assert lane.client.llen(lane.keys.requeued("f")) == 0

    def test_what_may_be_alive_is_created_before_what_was_never_sent(self, lane: Lane) -> None:
        lane.open(size=9, cap=2)
        assert lane.reconciliation.adopt("f", [(7, 0), (8, 0)]) == 2
        assert {claimed.run for claimed in lane.claim(Step.SUBMIT)} == {"f/7", "f/8"}
        assert lane.claim(Step.SUBMIT) == [], "a create beside two that may be alive goes over the limit"

    def test_of_more_than_the_cap_has_room_for_only_what_stripe_answered_is_replayed(self, lane: Lane) -> None:
        lane.open(size=9, cap=2)
        assert lane.reconciliation.adopt("f", [(6, 0), (7, 0), (8, 0)], answered=[(7, 0), (8, 0)]) == 3
        first, second = lane.hold_all(Step.SUBMIT)
        assert (first.index, second.index) == (7, 8), "the third may be one that Stripe refused while these two ran"
        assert lane.governor.bind(first, "qr_7", CUSTODY_MS)
        assert lane.governor.bind(second, "qr_8", 0)
        assert lane.claim(Step.SUBMIT) == []
        assert lane.governor.ready(lane.hold(Step.POLL))
        assert [claimed.run for claimed in lane.claim(Step.SUBMIT)] == ["f/6"]

    def test_what_nobody_can_tell_waits_no_longer_than_a_query_can_be_alive(self, lane: Lane) -> None:
        lane.open(size=9, cap=2)
        assert lane.reconciliation.adopt("f", [(6, 0), (7, 0), (8, 0)]) == 3
        assert lane.claim(Step.SUBMIT) == []
        lane.pass_time(95 * 60_000 + 1)
        assert len(lane.claim(Step.SUBMIT)) == 2

    def test_what_others_leave_of_the_cap_keeps_nothing_from_being_asked_for_that_was_sent(self, lane: Lane) -> None:
        lane.open(size=4, cap=4)
        sent, *others = lane.hold_all(Step.SUBMIT)
        assert lane.governor.mark_sent(sent, "key")
        assert lane.governor.defer(sent, 0, "no answer", CreateOutcome.UNANSWERED)
        for other in others:
            assert lane.governor.requeue(other, attempt=0, refused=True)
        assert lane.reconciliation.adopt("f", [(1, 0)]) == 1
        assert lane.view.limit == 1
        assert {claimed.run for claimed in lane.claim(Step.SUBMIT)} == {"f/0", "f/1"}

    def test_a_create_that_was_never_sent_goes_where_there_is_room_beside_them(self, lane: Lane) -> None:
        lane.open(size=9, cap=3)
        assert lane.reconciliation.adopt("f", [(7, 0), (8, 0)]) == 2
        claimed = [claimed.run for claimed in lane.claim(Step.SUBMIT)]
        assert claimed[:2] == ["f/7", "f/8"]
        assert len(claimed) == 3

    def test_finds_a_run_that_was_requeued(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        custody = lane.hold(Step.SUBMIT)
        lane.configure(0)
        assert lane.governor.requeue(custody, attempt=1)
        assert lane.reconciliation.adopt("f", [(0, 2)]) == 1
        assert (lane.run(0).attempt, lane.client.llen(lane.keys.requeued("f"))) == (2, 0)

    @pytest.mark.parametrize("attempt", [0, 1])
    def test_leaves_what_waits_for_a_newer_attempt_or_only_to_land(self, lane: Lane, attempt: int) -> None:
        lane.configure(0)
        assert lane.reconciliation.restore_flow(
            "f", Remembered(size=2, states=[W, F], attempts={0: 2}, stored_bytes=0, records=0, canceling=False)
        )
        lane.client.rpush(lane.keys.requeued("f"), "1|1|qr_1")
        lane.client.hset(lane.keys.flow("f"), "failed", 0)
        lane.client.set(lane.keys.states("f"), b"\x00")
        assert lane.reconciliation.adopt("f", [(0, attempt), (1, attempt)]) == 0
        lane.configure(2)
        assert {held.index for held in lane.hold_all(Step.SUBMIT)} == {0}

    @pytest.mark.parametrize("state", [RunState.GRANTED, RunState.RUNNING, RunState.READY])
    def test_raises_a_run_of_an_older_attempt(self, lane: Lane, state: RunState) -> None:
        lane.open(size=1, cap=1)
        before = lane.hold_in(state)
        assert lane.reconciliation.adopt("f", [(0, 1)]) == 1
        assert lane.slots() == {"f/0"}
        assert not lane.governor.finish(before, F), "who held the old attempt has nothing to say about the new one"
        custody = lane.hold(Step.SUBMIT)
        assert (custody.attempt, custody.query_run, custody.since_create_ms) == (1, None, None)
        assert custody.since_sent_ms is not None
        assert lane.where_due("f/0") == [Step.SUBMIT]

    @pytest.mark.parametrize("state", [RunState.RUNNING, RunState.READY])
    def test_leaves_a_run_that_redis_knows_better(self, lane: Lane, state: RunState) -> None:
        lane.open(size=1, cap=1)
        lane.hold_in(state)
        before = everything(lane.client)
        assert lane.reconciliation.adopt("f", [(0, 0)]) == 0
        assert everything(lane.client) == before

    def test_a_granted_run_may_have_been_sent(self, lane: Lane) -> None:
        lane.open(size=2, cap=1)
        assert lane.reconciliation.adopt("f", [(0, 0)]) == 0
        assert lane.hold(Step.SUBMIT).since_sent_ms is not None

    @pytest.mark.parametrize("outcome", [L, F])
    def test_leaves_what_has_settled(self, lane: Lane, outcome: RunState) -> None:
        lane.open(size=1, cap=1)
        lane.finish_all(outcome)
        before = everything(lane.client)
        assert lane.reconciliation.adopt("f", [(0, 0), (0, 3), (7, 0)]) == 0
        assert everything(lane.client) == before

    def test_takes_back_what_a_cancel_dropped(self, lane: Lane) -> None:
        lane.open(size=4, cap=1)
        assert lane.governor.cancel("f")
        lane.finish_all(C)
        assert lane.flow().done
        assert lane.reconciliation.adopt("f", [(2, 0)]) == 1
        view = lane.flow()
        assert (view.held, view.canceled, view.waiting, view.done) == (1, 3, 0, False)
        custody = lane.hold(Step.SUBMIT)
        assert custody.canceling
        assert custody.since_sent_ms is not None, "else it would be canceled without asking Stripe"
        assert lane.governor.finish(custody, C)
        assert lane.flow().done

    def test_of_a_flow_that_is_held_back_shows_that_it_was_released(self, lane: Lane) -> None:
        lane.configure(9)
        assert lane.governor.open_flow("f", 5, hold_after=1)
        assert lane.reconciliation.adopt("f", [(0, 1)]) == 1
        assert lane.slots() == {"f/0"}
        assert lane.reconciliation.adopt("f", [(3, 0)]) == 1
        assert lane.slots() == {f"f/{index}" for index in range(5)}

    def test_of_an_unknown_flow_is_refused(self, lane: Lane) -> None:
        with pytest.raises(FlowUnknown):
            lane.reconciliation.adopt("f", [(0, 0)])


class TestARealServer:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "now").mkdir()
        return tmp_path / "now"

    @pytest.fixture
    def copy(self, folder: Path, tmp_path: Path) -> Path:
        """What the server had on disk when seven of ten runs waited; five were sent since, and two have ended."""
        copy = tmp_path / "older"
        with server(folder) as lane:
            lane.configure(3)
            lane.open(size=10)
            shutil.copytree(folder, copy)
            for custody in lane.hold_all(Step.SUBMIT):
                lane.governor.mark_sent(custody, f"key-{custody.index}")
                assert lane.governor.bind(custody, f"qr_{custody.index}", 0)
            for held in lane.hold_all(Step.POLL)[:2]:
                assert lane.governor.ready(held)
            for custody in lane.hold_all(Step.SUBMIT):
                lane.governor.mark_sent(custody, f"key-{custody.index}")
            assert lane.slots() == {"f/2", "f/3", "f/4"}
        return copy

    def test_that_was_put_back_creates_nothing_before_what_is_alive_has_its_slots(self, copy: Path) -> None:
        with server(copy) as lane:
            assert lane.claim(Step.SUBMIT) == [], "what it remembers as not sent would be a fourth beside three alive"
            reconciliation = lane.reconciliation.unreconciled()
            assert reconciliation
            lane.reconciliation.adopt("f", [(index, 0) for index in range(5)], answered=[(0, 0), (1, 0), (2, 0)])
            assert lane.reconciliation.reconciled(reconciliation)
            assert lane.slots() == {f"f/{index}" for index in range(5)}
            answered = lane.hold_all(Step.SUBMIT)
            assert [held.index for held in answered] == [0, 1, 2], "a third that was never started would be a fourth"
            for held in answered[:2]:
                assert lane.governor.finish(held, F)
            assert [claimed.run for claimed in lane.claim(Step.SUBMIT)] == ["f/3", "f/4"]

    def test_that_only_restarted_waits_for_the_ledger_too(self, folder: Path) -> None:
        with server(folder) as lane:
            lane.open(size=4, cap=1)
            before = lane.slots()
        with server(folder) as lane:
            assert lane.slots() == before
            assert lane.claim(Step.SUBMIT) == []
            reconcile(lane.governor)
            assert len(lane.claim(Step.SUBMIT)) == 1

    def test_that_restarts_again_waits_for_another_reconciliation(self, folder: Path) -> None:
        with server(folder) as lane:
            lane.open(size=4, cap=1)
        with server(folder) as lane:
            begun = lane.reconciliation.unreconciled()
            assert begun
        with server(folder) as lane:
            assert not lane.reconciliation.reconciled(begun), "what was adopted since may have been lost"
            assert lane.claim(Step.SUBMIT) == []
            reconcile(lane.governor)
            assert len(lane.claim(Step.SUBMIT)) == 1

    def test_that_refuses_info_is_found_out_only_when_it_is_empty(self, valkey: redis.Redis, valkey_url: str) -> None:
        valkey.acl_setuser("mute", enabled=True, passwords=["+any"], keys=["*"], commands=["+@all", "-info"])
        with connect(valkey_url.replace("redis://", "redis://mute:any@")) as client:
            lane = Lane(client)
            lane.governor.configure(LIMITS)
            lane.governor.open_flow("f", 9)
            assert lane.slots() == set()
            reconcile(lane.governor)
            assert len(lane.claim(Step.SUBMIT)) == 3
        valkey.acl_deluser("mute")
