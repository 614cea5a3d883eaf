"""begin, mark_sent, bind, again, keep: one holder at a time, and only with the newest fence."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from forebay.governor.contract import Claimed, Custody
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.governor.states import Gate, RunState, Step
from tests.governor.driver import CUSTODY_MS, STATE_OF, Lane
from tests.governor.keyspace import everything

Call = Callable[[Governor, Custody], object]

#: Everything that only the holder of a fence may do, and what it is told when it may not.
CALLS: dict[str, Call] = {
    "begin": lambda governor, held: governor.begin(Claimed(held.run, held.fence), held.state, CUSTODY_MS) is not None,
    "mark_sent": lambda governor, held: governor.mark_sent(held, "other key") is not None,
    "bind": lambda governor, held: governor.bind(held, "qr_other", 0),
    "ready": lambda governor, held: governor.ready(held),
    "land": lambda governor, held: governor.finish(held, RunState.LANDED, stored_bytes=9, records=9),
    "fail": lambda governor, held: governor.finish(held, RunState.FAILED),
    "requeue": lambda governor, held: governor.requeue(held, attempt=7),
    "defer": lambda governor, held: governor.defer(held, 5, "trouble"),
    "renew": lambda governor, held: governor.renew(held, 5, 5),
}
HELD = (RunState.GRANTED, RunState.RUNNING, RunState.READY)


@pytest.fixture(params=sorted(CALLS))
def call(request: pytest.FixtureRequest) -> Call:
    return CALLS[request.param]


class TestAStaleCallChangesNothing:
    def refused(self, lane: Lane, call: Call, custody: Custody) -> None:
        stale, before = lane.view.stats.get("stale", 0), everything(lane.client)
        assert call(lane.governor, custody) is False
        assert everything(lane.client) == before
        assert lane.view.stats["stale"] == stale + 1

    @pytest.mark.parametrize("state", HELD)
    def test_after_somebody_else_took_the_run(self, lane: Lane, call: Call, state: RunState) -> None:
        lane.open(size=2, cap=1)
        custody = lane.hold_in(state)
        lane.pass_time(CUSTODY_MS)
        (step,) = lane.where_due(custody.run)
        lane.hold(step)
        self.refused(lane, call, custody)

    @pytest.mark.parametrize("outcome", [RunState.LANDED, RunState.FAILED, RunState.CANCELED])
    def test_after_the_run_settled(self, lane: Lane, call: Call, outcome: RunState) -> None:
        lane.open(size=2, cap=1)
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.finish(custody, outcome)
        self.refused(lane, call, custody)

    def test_after_its_flow_was_done(self, lane: Lane, call: Call) -> None:
        lane.open(cap=1)
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.finish(custody, RunState.LANDED)
        assert lane.flow().done
        self.refused(lane, call, custody)

    def test_after_the_run_was_requeued_and_granted_again(self, lane: Lane, call: Call) -> None:
        lane.open(cap=1)
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.requeue(custody, attempt=0)
        assert lane.slots() == {"f/0"}
        self.refused(lane, call, custody)

    def test_after_the_run_failed_and_was_retried(self, lane: Lane, call: Call) -> None:
        lane.open(cap=1)
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.finish(custody, RunState.FAILED)
        lane.pass_time(10_000)
        lane.retry_all()
        self.refused(lane, call, custody)

    @pytest.mark.parametrize(("name", "wrong"), [("mark_sent", RunState.RUNNING), ("bind", RunState.RUNNING)])
    def test_if_a_create_is_answered_twice(self, lane: Lane, name: str, wrong: RunState) -> None:
        lane.open(cap=1)
        custody = lane.bind_one()
        self.refused(lane, CALLS[name], custody)
        assert lane.run(0).state is wrong

    @pytest.mark.parametrize("state", [RunState.GRANTED, RunState.READY])
    def test_if_a_run_that_is_not_running_is_said_to_have_ended(self, lane: Lane, state: RunState) -> None:
        lane.open(size=2, cap=1)
        self.refused(lane, CALLS["ready"], lane.hold_in(state))


class TestBegin:
    def test_tells_the_holder_what_it_needs_to_know(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.pass_time(7_000)
        custody = lane.hold(Step.SUBMIT)
        assert (custody.run, custody.flow, custody.index, custody.attempt) == ("f/0", "f", 0, 0)
        assert (custody.state, custody.tries, custody.query_run, custody.key) == (RunState.GRANTED, 1, None, None)
        assert custody.since_grant_ms == pytest.approx(7_000, abs=2_000)
        assert custody.since_create_ms is custody.since_end_ms is None
        assert not custody.canceling
        assert custody.closed_gates == set()

    def test_of_two_copies_of_a_message_only_one_gets_the_run(self, lane: Lane) -> None:
        lane.open(cap=1)
        (claimed,) = lane.claim(Step.SUBMIT)
        assert lane.governor.begin(claimed, RunState.GRANTED, CUSTODY_MS) is not None
        assert lane.governor.begin(claimed, RunState.GRANTED, CUSTODY_MS) is None

    def test_of_a_message_and_its_resend_only_one_gets_the_run(self, lane: Lane) -> None:
        lane.open(cap=1)
        (lost,) = lane.claim(Step.SUBMIT, resend_ms=1_000)
        lane.pass_time(1_000)
        (resent,) = lane.claim(Step.SUBMIT, resend_ms=1_000)
        winner = lane.begin(Step.SUBMIT, resent)
        assert lane.governor.begin(lost, RunState.GRANTED, CUSTODY_MS) is None
        assert lane.governor.bind(winner, "qr_1", 0)

    @pytest.mark.parametrize("meant", HELD)
    @pytest.mark.parametrize("state", HELD)
    def test_a_message_for_another_step_is_stale(self, lane: Lane, state: RunState, meant: RunState) -> None:
        lane.open(cap=1)
        custody = lane.hold_in(state)
        begun = lane.governor.begin(Claimed(custody.run, custody.fence), meant, CUSTODY_MS)
        assert (begun is not None) == (state == meant)

    def test_an_unknown_run_is_stale(self, lane: Lane) -> None:
        lane.configure(1)
        assert lane.governor.begin(Claimed("never/7", 1), RunState.GRANTED, CUSTODY_MS) is None

    def test_fences_only_grow(self, lane: Lane) -> None:
        lane.open(size=3, cap=2)
        fences = [claimed.fence for claimed in lane.claim(Step.SUBMIT, resend_ms=0)]
        fences += [custody.fence for custody in lane.hold_all(Step.SUBMIT)]
        lane.pass_time(CUSTODY_MS)
        again = lane.hold(Step.SUBMIT)
        fences.append(again.fence)
        assert lane.governor.requeue(again, attempt=0)
        fences += [claimed.fence for claimed in lane.claim(Step.SUBMIT) if claimed.run == again.run]
        assert fences == sorted(set(fences))

    def test_steps_that_come_to_nothing_are_counted(self, lane: Lane) -> None:
        lane.open(cap=1)
        for tries in (1, 2, 3):
            custody = lane.hold(Step.SUBMIT)
            assert custody.tries == tries
            assert lane.governor.defer(custody, 0, "no answer")
        assert lane.governor.defer(lane.hold(Step.SUBMIT), 0)
        assert lane.hold(Step.SUBMIT).tries == 1

    @pytest.mark.parametrize("step", Step)
    def test_names_only_the_closed_gates_that_the_steps_request_passes(self, lane: Lane, step: Step) -> None:
        lane.open(size=2, cap=1)
        custody = lane.hold_in(STATE_OF[step])
        for gate in Gate:
            lane.governor.close_gate(gate, first_ms=1000, longest_ms=1000, reason="refused")
        begun = lane.governor.begin(Claimed(custody.run, custody.fence), custody.state, CUSTODY_MS)
        assert begun is not None
        create = {Gate.AUTH, Gate.PERMISSION, Gate.CAP, Gate.CREATE}
        assert begun.closed_gates == (create if step is Step.SUBMIT else {Gate.AUTH, Gate.RETRIEVE})


class TestMarkSent:
    def test_the_first_key_is_the_one_that_is_sent_for_ever(self, lane: Lane) -> None:
        lane.open(cap=1)
        first = lane.hold(Step.SUBMIT)
        assert lane.governor.mark_sent(first, "key_a") == "key_a"
        lane.pass_time(CUSTODY_MS)
        second = lane.hold(Step.SUBMIT)
        assert second.key == "key_a"
        assert lane.governor.mark_sent(second, "key_b") == "key_a"

    def test_a_new_attempt_has_a_key_of_its_own(self, lane: Lane) -> None:
        lane.open(cap=1)
        first = lane.hold(Step.SUBMIT)
        assert lane.governor.mark_sent(first, "key_a") == "key_a"
        assert lane.governor.requeue(first, attempt=1)
        second = lane.hold(Step.SUBMIT)
        assert (second.attempt, second.key) == (1, None)
        assert lane.governor.mark_sent(second, "key_b") == "key_b"


class TestBind:
    def test_the_run_is_looked_at_after_the_delay(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 9_000)
        assert lane.where_due("f/0") == [Step.POLL]
        assert lane.due_in_ms(Step.POLL, "f/0") == pytest.approx(9_000, abs=2_000)
        lane.pass_time(9_000)
        custody = lane.hold(Step.POLL)
        assert (custody.query_run, custody.bound_to, custody.tries) == ("qr_1", "qr_1", 1)
        assert custody.since_create_ms == pytest.approx(9_000, abs=2_000)

    def test_the_slot_stays(self, lane: Lane) -> None:
        lane.open(size=2, cap=1)
        lane.bind_one()
        assert lane.slots() == {"f/0"}

    def test_the_custody_that_bound_it_may_go_on(self, lane: Lane) -> None:
        # A replayed create may answer with a run that ended: no second step is needed for that.
        lane.open(cap=1)
        assert lane.governor.ready(lane.bind_one())

    def test_a_custody_from_before_has_no_query_run(self, lane: Lane) -> None:
        lane.open(cap=1)
        with pytest.raises(GovernorError, match="without a QueryRun"):
            _ = lane.bind_one().bound_to


class TestAgain:
    @pytest.mark.parametrize("state", HELD)
    def test_the_run_keeps_its_state_and_is_due_after_the_delay(self, lane: Lane, state: RunState) -> None:
        lane.open(cap=1)
        custody = lane.hold_in(state)
        (step,) = lane.where_due(custody.run)
        assert lane.governor.defer(custody, 40_000)
        assert lane.where_due(custody.run) == [step]
        assert lane.due_in_ms(step, custody.run) == pytest.approx(40_000, abs=2_000)
        assert lane.run(0).state is state

    def test_a_trouble_shows_until_a_step_succeeds(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.defer(lane.hold(Step.SUBMIT), 0, "the key was refused")
        assert lane.run(0).trouble == "the key was refused"
        assert lane.governor.defer(lane.hold(Step.SUBMIT), 0)
        assert lane.run(0).trouble is None

    def test_a_trouble_ends_with_the_state(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.defer(lane.hold(Step.SUBMIT), 0, "no answer")
        lane.bind_one()
        view = lane.run(0)
        assert (view.trouble, view.tries) == (None, 0)


class TestKeep:
    def test_a_long_download_is_not_taken_away(self, lane: Lane) -> None:
        lane.open(cap=1)
        custody = lane.hold_ready()
        for received in (10, 20, 30):
            lane.pass_time(CUSTODY_MS - 10_000)
            assert lane.governor.renew(custody, CUSTODY_MS, received)
            assert lane.claim(Step.DOWNLOAD) == []
            assert lane.run(0).received_bytes == received
        assert lane.governor.finish(custody, RunState.LANDED)

    def test_once_it_was_taken_over_the_old_holder_is_told_to_stop(self, lane: Lane) -> None:
        lane.open(cap=1)
        slow = lane.hold_ready()
        lane.pass_time(CUSTODY_MS)
        heir = lane.hold(Step.DOWNLOAD)
        assert not lane.governor.renew(slow, CUSTODY_MS, 5)
        assert lane.governor.finish(heir, RunState.LANDED)


class TestAFenceNeverRepeatsForARun:
    """Also where the clock, which fences follow, was set back since."""

    def ahead(self, lane: Lane, custody: Custody) -> Custody:
        """Holds it by a fence as the clock gave them before that."""
        fence = custody.fence + 3_600_000_000
        lane.client.hset(lane.keys.run(custody.run), "fence", fence)
        return replace(custody, fence=fence)

    def test_when_it_is_taken_in_custody(self, lane: Lane) -> None:
        lane.open(cap=1)
        held = self.ahead(lane, lane.hold(Step.SUBMIT))
        assert lane.governor.defer(held, 0)
        assert lane.hold(Step.SUBMIT).fence > held.fence

    @pytest.mark.parametrize("state", HELD)
    def test_when_it_waits_again_and_is_granted_anew(self, lane: Lane, state: RunState) -> None:
        lane.open(cap=1)
        held = self.ahead(lane, lane.hold_in(state))
        assert lane.governor.requeue(held, attempt=1)
        assert lane.claim(Step.SUBMIT)[0].fence > held.fence

    def test_when_it_failed_and_is_retried(self, lane: Lane) -> None:
        lane.open(cap=1)
        held = self.ahead(lane, lane.hold(Step.SUBMIT))
        assert lane.governor.finish(held, RunState.FAILED)
        assert lane.retry_all() == 1
        assert lane.claim(Step.SUBMIT)[0].fence > held.fence

    def test_when_it_is_raised_to_a_newer_attempt(self, lane: Lane) -> None:
        lane.open(cap=1)
        held = self.ahead(lane, lane.hold_running())
        lane.reconciliation.adopt(held.flow, [(held.index, 1)])
        assert lane.claim(Step.SUBMIT)[0].fence > held.fence
