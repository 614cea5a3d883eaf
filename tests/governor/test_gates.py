"""After a refusal a lane waits, then sends one request to see whether it may go on."""

import pytest

from forebay.governor.states import Gate, RunState, Step
from tests.governor.driver import Lane
from tests.governor.keyspace import everything

FIRST_MS, LONGEST_MS = 1_000, 8_000
RESEND_MS = 30_000


@pytest.fixture
def busy(lane: Lane) -> Lane:
    """A lane with three runs due for each step."""
    lane.open(size=9, cap=9)
    custodies = lane.hold_all(Step.SUBMIT)
    for custody in custodies[:6]:
        assert lane.governor.bind(custody, "qr", 0)
    for custody in custodies[:3]:
        assert lane.governor.ready(custody)
    lane.pass_time(600_000)
    return lane


def close(lane: Lane, gate: Gate, reason: str = "refused") -> None:
    lane.governor.close_gate(gate, first_ms=FIRST_MS, longest_ms=LONGEST_MS, reason=reason)


def wait_ms(lane: Lane, gate: Gate) -> int:
    return int(lane.client.hget(lane.keys.config, f"{gate}_wait"))


@pytest.mark.parametrize(
    ("gate", "held_back"),
    [
        (Gate.CAP, {Step.SUBMIT}),
        (Gate.CREATE, {Step.SUBMIT}),
        (Gate.RETRIEVE, {Step.POLL, Step.DOWNLOAD}),
        (Gate.AUTH, set(Step)),
    ],
)
def test_each_gate_holds_back_only_what_it_guards(busy: Lane, gate: Gate, held_back: set[Step]) -> None:
    close(busy, gate)
    assert {step for step in Step if not busy.claim(step)} == held_back


def test_a_closed_gate_takes_no_slot_and_no_place(busy: Lane) -> None:
    slots = busy.slots()
    close(busy, Gate.CAP)
    busy.claim(Step.SUBMIT)
    assert busy.slots() == slots


def test_after_the_wait_one_request_goes_through(busy: Lane) -> None:
    close(busy, Gate.CAP)
    busy.pass_time(FIRST_MS)
    assert len(busy.claim(Step.SUBMIT)) == 1
    assert busy.claim(Step.SUBMIT) == []


def test_one_request_goes_through_whatever_it_is_for(busy: Lane) -> None:
    close(busy, Gate.AUTH)
    busy.pass_time(FIRST_MS)
    claims = busy.governor.claim(submits=9, downloads=9, polls=9)
    assert sum(len(due) for due in claims.due.values()) == 1


def test_its_success_opens_the_gate(busy: Lane) -> None:
    close(busy, Gate.CAP)
    busy.pass_time(FIRST_MS)
    probe = busy.hold(Step.SUBMIT)
    assert probe.closed_gates == {Gate.CAP}
    busy.governor.open_gates(probe.closed_gates)
    assert len(busy.claim(Step.SUBMIT)) == 2
    assert busy.view.gates == ()


def test_its_refusal_doubles_the_wait_up_to_a_bound(busy: Lane) -> None:
    waits = []
    for _ in range(5):
        close(busy, Gate.CAP)
        waits.append(wait_ms(busy, Gate.CAP))
        busy.pass_time(waits[-1] - 500)
        assert busy.claim(Step.SUBMIT) == []
        busy.pass_time(500)
        assert busy.governor.defer(busy.hold(Step.SUBMIT), 0)
    assert waits == [1_000, 2_000, 4_000, 8_000, 8_000]


def test_its_silence_lets_another_one_through(busy: Lane) -> None:
    close(busy, Gate.CAP)
    busy.pass_time(FIRST_MS)
    (silent,) = busy.claim(Step.SUBMIT, resend_ms=RESEND_MS)
    busy.pass_time(RESEND_MS - 1_000)
    assert busy.claim(Step.SUBMIT) == []
    busy.pass_time(1_000)
    (other,) = busy.claim(Step.SUBMIT, resend_ms=RESEND_MS)
    assert wait_ms(busy, Gate.CAP) == FIRST_MS, "silence says nothing"
    assert {silent.run, other.run} <= busy.slots()


def test_refusals_of_requests_under_way_count_once(busy: Lane) -> None:
    for reason in ("first", "second", "third"):
        close(busy, Gate.CAP, reason)
    assert wait_ms(busy, Gate.CAP) == FIRST_MS
    (closed,) = busy.view.gates
    assert closed.reason == "first"


def test_after_an_opening_the_wait_starts_anew(busy: Lane) -> None:
    for _ in range(3):
        close(busy, Gate.CAP)
        busy.pass_time(LONGEST_MS)
        probe = busy.hold(Step.SUBMIT)
    busy.governor.open_gates(probe.closed_gates)
    close(busy, Gate.CAP)
    assert wait_ms(busy, Gate.CAP) == FIRST_MS


def test_a_look_at_a_run_does_not_open_what_guards_creates(busy: Lane) -> None:
    # Looks succeed all the time: the cap's gate would never stay closed.
    close(busy, Gate.CAP)
    close(busy, Gate.CREATE)
    for step in (Step.POLL, Step.DOWNLOAD):
        busy.governor.open_gates(busy.hold(step).closed_gates)
    assert busy.claim(Step.SUBMIT) == []
    assert {closed.gate for closed in busy.view.gates} == {Gate.CAP, Gate.CREATE}


def test_all_gates_of_a_step_must_let_its_request_through(busy: Lane) -> None:
    busy.governor.close_gate(Gate.CAP, first_ms=1_000, longest_ms=8_000, reason="full")
    busy.governor.close_gate(Gate.AUTH, first_ms=5_000, longest_ms=60_000, reason="no permission")
    busy.pass_time(1_000)
    assert busy.claim(Step.SUBMIT) == []
    busy.pass_time(4_000)
    probe = busy.hold(Step.SUBMIT)
    assert probe.closed_gates == {Gate.CAP, Gate.AUTH}
    busy.governor.open_gates(probe.closed_gates)
    assert len(busy.claim(Step.SUBMIT)) == 2


def test_a_probe_that_one_gate_refuses_leaves_the_other_as_it_was(busy: Lane) -> None:
    for gate in (Gate.CAP, Gate.CREATE):
        close(busy, gate)
    busy.pass_time(FIRST_MS)
    busy.hold(Step.SUBMIT)
    close(busy, Gate.CAP)
    assert (wait_ms(busy, Gate.CAP), wait_ms(busy, Gate.CREATE)) == (2_000, 1_000)


def test_opening_an_open_gate_changes_nothing(busy: Lane) -> None:
    before = everything(busy.client)
    busy.governor.open_gates(Gate)
    assert everything(busy.client) == before


def test_a_gate_that_nobody_tried_keeps_its_first_moment(busy: Lane) -> None:
    close(busy, Gate.AUTH, "no permission")
    (before,) = busy.view.gates
    for _ in range(3):
        busy.pass_time(LONGEST_MS)
        busy.claim(Step.POLL)
        close(busy, Gate.AUTH, "still none")
    (after,) = busy.view.gates
    assert after.reason == "still none"
    assert before.since_ms - after.since_ms == pytest.approx(3 * LONGEST_MS, abs=1)


def test_runs_are_granted_behind_a_closed_gate_and_sent_when_it_opens(lane: Lane) -> None:
    close(lane, Gate.CAP)
    lane.open(size=3, cap=2)
    assert len(lane.slots()) == 2
    assert lane.claim(Step.SUBMIT) == []
    lane.governor.open_gates([Gate.CAP])
    assert len(lane.claim(Step.SUBMIT)) == 2


def test_a_refused_create_is_the_next_probe(lane: Lane) -> None:
    lane.open(size=3, cap=1)
    refused = lane.hold(Step.SUBMIT)
    close(lane, Gate.CAP)
    assert lane.governor.requeue(refused, attempt=refused.attempt)
    lane.pass_time(FIRST_MS)
    probe = lane.hold(Step.SUBMIT)
    assert (probe.run, probe.attempt, probe.state) == (refused.run, 0, RunState.GRANTED)
