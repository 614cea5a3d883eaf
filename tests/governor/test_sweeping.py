"""The sweep of the list of events: when it is due, and that one is made at a time, whoever dies."""

import pytest

from forebay.governor.contract import Claimed, Custody, EndPath
from forebay.governor.states import Gate, Step
from forebay.governor.view import View
from tests.governor.driver import Lane


class TestTheSweep:
    def claim(self, lane: Lane) -> int | None:
        return lane.governor.claim(submits=0, downloads=0, polls=0, sweep_ms=10_000).sweep

    def begun(self, lane: Lane) -> int:
        claimed = self.claim(lane)
        assert claimed
        fence = lane.events.begin_sweep(claimed, custody_ms=10_000)
        assert fence
        return fence

    def test_is_due_while_something_runs_and_one_at_a_time(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert self.claim(lane) is None
        lane.bind_one()

        claimed = self.claim(lane)
        assert claimed
        assert self.claim(lane) is None, "its message is on its way"
        fence = lane.events.begin_sweep(claimed, custody_ms=10_000)
        assert fence
        assert self.claim(lane) is None

        assert lane.events.swept(fence, next_ms=1_000, since="2026-11-29T00:00:00Z")
        assert not lane.events.swept(fence, next_ms=0, since="again"), "it is over"
        assert self.claim(lane) is None
        lane.pass_time(1_000)
        assert self.claim(lane)

    def test_for_a_run_that_is_alone_is_due_later_and_at_once_when_another_runs(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        lane.bind_one()
        fence = self.begun(lane)
        assert lane.events.swept(fence, next_ms=1_000, alone_ms=29_000, since="")
        lane.pass_time(29_000)
        assert self.claim(lane) is None
        lane.bind_one()

        assert self.claim(lane)

    def test_for_a_run_that_stays_alone_is_due_in_the_end(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 60_000)
        fence = self.begun(lane)
        assert lane.events.swept(fence, next_ms=1_000, alone_ms=29_000, since="")
        lane.pass_time(30_000)

        assert self.claim(lane)

    def test_that_nobody_ends_is_due_again_and_who_slept_changes_nothing(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.bind_one()
        asleep = self.begun(lane)
        lane.pass_time(10_000)
        awake = self.begun(lane)

        assert not lane.events.swept(asleep, next_ms=0, since="long ago")
        assert lane.events.swept(awake, next_ms=0, since="now")

        assert lane.client.hget(lane.keys.feed, "since") == "now"

    def test_of_a_message_that_comes_twice_is_made_once(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.bind_one()
        claimed = self.claim(lane)
        assert claimed

        fence = lane.events.begin_sweep(claimed, custody_ms=10_000)
        assert fence
        assert lane.events.begin_sweep(claimed, custody_ms=10_000) is None
        assert lane.events.swept(fence, next_ms=0, since="now")
        assert lane.events.begin_sweep(claimed, custody_ms=10_000) is None

    def test_of_a_message_that_waited_too_long_is_not_made(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.bind_one()
        late = self.claim(lane)
        lane.pass_time(10_000)
        assert late
        self.begun(lane)

        assert lane.events.begin_sweep(late, custody_ms=10_000) is None

    def test_that_waited_in_a_queue_has_all_of_its_time_from_its_begin_on(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.bind_one()
        claimed = self.claim(lane)
        assert claimed
        lane.pass_time(9_000)
        assert lane.events.begin_sweep(claimed, custody_ms=10_000)

        lane.pass_time(9_000)
        assert self.claim(lane) is None
        lane.pass_time(1_000)
        assert self.claim(lane)

    @pytest.mark.parametrize("budget", ["retrieves_per_s", "requests_per_s"])
    def test_costs_a_retrieve_and_waits_for_one(self, lane: Lane, budget: str) -> None:
        lane.open(cap=1)
        lane.bind_one()
        lane.pass_time(1_000)
        lane.configure(1, **{budget: 0.01})

        fence = self.begun(lane)
        assert lane.events.swept(fence, next_ms=0, since="")

        assert not lane.claim(Step.POLL)
        assert self.claim(lane) is None

    def test_that_is_the_first_goes_before_creates_and_those_after_it_do_not(self, lane: Lane) -> None:
        lane.open(size=9, cap=9)
        lane.bind_one()
        lane.pass_time(1_000)
        lane.configure(9, requests_per_s=0.01)
        claims = lane.governor.claim(submits=9, downloads=0, polls=0, sweep_ms=10_000)
        assert (claims.due[Step.SUBMIT], claims.sweep is None) == ([], False)

        lane.pass_time(100_000)
        claims = lane.governor.claim(submits=9, downloads=0, polls=0, sweep_ms=10_000)
        assert (len(claims.due[Step.SUBMIT]), claims.sweep) == (1, None)

    def test_comes_after_looks_at_ends_that_were_told_before_it_was_due(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        lane.bind_one("qr_1")
        lane.bind_one("qr_2")
        fence = self.begun(lane)
        lane.events.wake(EndPath.EVENTS, [("qr_1", None)])
        assert lane.events.swept(fence, next_ms=1_000, since="")
        lane.pass_time(1_000)

        assert self.claim(lane) is None, "more known ends are of no use before these are seen"

        assert lane.claim(Step.POLL, 1)
        assert self.claim(lane), "looks that were only planned wait for it"

    def told_of_one_of_two(self, lane: Lane) -> None:
        """The end of the first is told, and the next sweep is due in a second."""
        lane.open(size=2, cap=2)
        for query_run in ("qr_1", "qr_2"):
            assert lane.governor.bind(lane.hold(Step.SUBMIT), query_run, 60_000)
        fence = self.begun(lane)
        lane.events.wake(EndPath.EVENTS, [("qr_1", None)])
        assert lane.events.swept(fence, next_ms=1_000, since="")

    def test_that_such_looks_go_before_is_asked_for_when_it_is_due(self, lane: Lane) -> None:
        self.told_of_one_of_two(lane)

        claims = lane.governor.claim(submits=0, downloads=0, polls=9, sweep_ms=10_000)

        assert (len(claims.due[Step.POLL]), claims.sweep) == (1, None)
        assert claims.sleep_ms[Step.POLL] <= 1_000, "the other one may end meanwhile, and nothing else rings"

    def believing(self, lane: Lane) -> int | None:
        """As a pump asks that believes what the last claim said of when something is due."""
        return lane.governor.claim(submits=9, downloads=9, polls=9, sweep_ms=10_000, unless_quiet=True).sweep

    def test_is_due_to_one_that_believes_the_last_claim_once_looks_that_went_before_are_made(self, lane: Lane) -> None:
        self.told_of_one_of_two(lane)
        lane.pass_time(1_000)
        assert self.believing(lane) is None

        assert self.believing(lane)

    def test_is_due_to_one_that_believes_the_last_claim_once_the_gate_is_open(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 60_000)
        lane.governor.close_gate(Gate.AUTH, first_ms=60_000, longest_ms=60_000, reason="refused")
        assert self.believing(lane) is None

        lane.governor.open_gates([Gate.AUTH])

        assert self.believing(lane)

    def test_is_due_to_one_that_believes_the_last_claim_once_there_are_requests(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 60_000)
        lane.client.hset(lane.keys.budgets, "retrieve", View(lane.client).now_ms() + 60_000)
        assert self.believing(lane) is None

        lane.client.delete(lane.keys.budgets)

        assert self.believing(lane)

    def test_goes_before_looks_at_ends_that_were_told_since_it_was_due(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.bind_one()
        fence = self.begun(lane)
        assert lane.events.swept(fence, next_ms=0, since="")
        lane.pass_time(1_000)
        lane.events.wake(EndPath.WEBHOOKS, [("qr_1", None)])

        assert self.claim(lane), "ends that others tell of all the time keep no sweep away"

    def test_waits_for_a_closed_gate(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.bind_one()
        lane.governor.close_gate(Gate.AUTH, first_ms=1_000, longest_ms=1_000, reason="refused")

        assert self.claim(lane) is None

    def test_that_waits_for_a_closed_gate_brings_pumps_no_more_often_than_looks_do(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 60_000)
        lane.governor.close_gate(Gate.AUTH, first_ms=60_000, longest_ms=60_000, reason="refused")

        claims = lane.governor.claim(submits=0, downloads=0, polls=9, sweep_ms=10_000)

        assert claims.sweep is None
        assert claims.sleep_ms == {Step.POLL: 500}, "a key may be refused for days"


class TestWhoIsLeftOfSeveral:
    """Their looks were planned as a list of events tells of many; it is hardly asked for one."""

    def running(self, lane: Lane, observed: EndPath, *, size: int = 2) -> list[Custody]:
        lane.client.hset(lane.keys.feed, "observed", observed)
        lane.open(size=size, cap=2)
        bound = [self.bind(lane, query_run) for query_run in ("qr_1", "qr_2")]
        self.claim(lane)
        return bound

    def bind(self, lane: Lane, query_run: str) -> Custody:
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.bind(custody, query_run, 60_000)
        return custody

    def claim(self, lane: Lane) -> list[Claimed]:
        return lane.governor.claim(submits=0, downloads=0, polls=9, sweep_ms=10_000).due[Step.POLL]

    def end(self, lane: Lane, custody: Custody) -> None:
        assert lane.governor.ready(custody)

    def test_is_looked_at_once(self, lane: Lane) -> None:
        ended, left = self.running(lane, EndPath.EVENTS)
        assert not self.claim(lane)
        self.end(lane, ended)

        (due,) = self.claim(lane)
        assert due.run == left.run
        assert lane.governor.defer(lane.begin(Step.POLL, due), 60_000)
        assert not self.claim(lane), "it has a plan of its own now"

    def several(self, lane: Lane) -> int:
        return View(lane.client).feed(lane.name).several

    def test_is_known_as_such_while_it_runs(self, lane: Lane) -> None:
        ended, _ = self.running(lane, EndPath.EVENTS)
        self.end(lane, ended)
        (due,) = self.claim(lane)
        self.claim(lane)
        assert self.several(lane) == 2

        self.end(lane, lane.begin(Step.POLL, due))
        self.claim(lane)
        assert self.several(lane) == 0, "the next one is alone"

    def test_is_one_of_those_that_run_with_it_next(self, lane: Lane) -> None:
        lane.client.hset(lane.keys.feed, "observed", EndPath.EVENTS)
        lane.open(size=3, cap=3)
        first, second, left = (self.bind(lane, f"qr_{number}") for number in range(3))
        self.claim(lane)
        assert self.several(lane) == 3
        self.end(lane, first)
        self.claim(lane)
        assert self.several(lane) == 3, "the most that ran at once"
        self.end(lane, second)
        assert [due.run for due in self.claim(lane)] == [left.run]

        lane.open("g")
        self.bind(lane, "qr_3")
        self.claim(lane)
        assert self.several(lane) == 2

    @pytest.mark.parametrize("observed", [EndPath.WEBHOOKS, EndPath.LOOKS])
    def test_is_not_where_other_things_tell_of_ends(self, lane: Lane, observed: EndPath) -> None:
        ended, _ = self.running(lane, observed)
        self.end(lane, ended)

        assert not self.claim(lane)

    def test_is_not_while_others_are_about_to_run(self, lane: Lane) -> None:
        ended, _ = self.running(lane, EndPath.EVENTS, size=3)
        self.end(lane, ended)

        assert not self.claim(lane)

    def test_that_was_alone_from_the_first_keeps_its_plan(self, lane: Lane) -> None:
        lane.client.hset(lane.keys.feed, "observed", EndPath.EVENTS)
        lane.open(cap=1)
        self.bind(lane, "qr_1")

        assert not self.claim(lane)
        assert not self.claim(lane)
