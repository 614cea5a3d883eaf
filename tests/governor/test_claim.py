"""What the pump is told: what is due, once, within what it can use."""

from collections.abc import Iterator

import pytest
import redis

from forebay.governor.contract import Claims, EndPath
from forebay.governor.states import Gate, RunState, Step
from forebay.governor.view import View
from tests.governor.driver import Lane
from tests.governor.sleeping_pumps import Ear


@pytest.fixture
def ear(client: redis.Redis) -> Iterator[Ear]:
    made = Ear(client)
    yield made
    made.close()


def look_in(lane: Lane, *delays_ms: int) -> None:
    """Has runs run whose next looks are due after so long."""
    lane.open(size=len(delays_ms), cap=len(delays_ms))
    for custody in lane.hold_all(Step.SUBMIT):
        assert lane.governor.bind(custody, f"qr_{custody.index}", 0)
    now_ms = View(lane.client).now_ms()
    lane.client.zadd(
        lane.keys.due(Step.POLL), {f"f/{number}": now_ms + delay_ms for number, delay_ms in enumerate(delays_ms)}
    )


def sleep_ms_for_looks(lane: Lane) -> int:
    return lane.governor.claim(submits=None, downloads=None, polls=9).sleep_ms[Step.POLL]


def test_a_granted_run_is_due_for_its_create_at_once(lane: Lane) -> None:
    lane.open(size=2, cap=1)
    claims = lane.governor.claim(submits=9, downloads=9, polls=9)
    assert [claimed.run for claimed in claims.due[Step.SUBMIT]] == ["f/0"]
    assert claims.due[Step.POLL] == claims.due[Step.DOWNLOAD] == []


def test_a_claim_takes_no_more_than_the_caller_can_use(lane: Lane) -> None:
    lane.open(size=5, cap=5)
    assert len(lane.claim(Step.SUBMIT, 2)) == 2
    assert len(lane.claim(Step.SUBMIT, 0)) == 0
    assert len(lane.claim(Step.SUBMIT)) == 3


@pytest.mark.parametrize("none", [0, -1, -1000])
def test_a_caller_without_room_gets_nothing(lane: Lane, none: int) -> None:
    lane.open(size=5, cap=5)
    claims = lane.governor.claim(submits=none, downloads=none, polls=none)
    assert claims.due == {step: [] for step in Step}


def test_what_was_claimed_is_not_due_until_the_resend(lane: Lane) -> None:
    lane.open(cap=1)
    first = lane.claim(Step.SUBMIT, resend_ms=30_000)
    assert lane.claim(Step.SUBMIT) == []
    lane.pass_time(30_000)
    assert lane.claim(Step.SUBMIT) == first, "same run, same fence: only the answer to one of them counts"


def test_a_claimed_run_stays_in_its_due_set(lane: Lane) -> None:
    lane.open(cap=1)
    lane.claim(Step.SUBMIT, resend_ms=30_000)
    assert lane.where_due("f/0") == [Step.SUBMIT]
    assert lane.due_in_ms(Step.SUBMIT, "f/0") == pytest.approx(30_000, abs=2_000)


def test_the_run_that_is_due_longest_goes_first(lane: Lane) -> None:
    lane.open(size=3, cap=3)
    for custody, delay_ms in zip(lane.hold_all(Step.SUBMIT), (20_000, 10_000, 30_000), strict=True):
        assert lane.governor.defer(custody, delay_ms)
    lane.pass_time(60_000)
    assert [claimed.run for claimed in lane.claim(Step.SUBMIT)] == ["f/1", "f/0", "f/2"]


def test_downloads_use_the_budget_before_polls(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    first, _ = lane.hold_all(Step.SUBMIT)
    assert lane.governor.bind(first, "qr_1", 0)
    assert lane.governor.ready(lane.hold(Step.POLL))
    lane.pass_time(600_000)
    assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_2", 0)
    lane.configure(2, retrieves_per_s=1)
    lane.pass_time(600_000)
    claims = lane.governor.claim(submits=0, downloads=5, polls=5)
    assert (len(claims.due[Step.DOWNLOAD]), len(claims.due[Step.POLL])) == (1, 0)


def test_a_lane_without_limits_has_nothing_due(lane: Lane) -> None:
    assert lane.governor.open_flow("f", 3)
    claims = lane.governor.claim(submits=9, downloads=9, polls=9)
    assert claims.sleep_ms == {}
    assert claims.due == {step: [] for step in Step}
    lane.configure(1)
    assert len(lane.claim(Step.SUBMIT)) == 1


class TestHowLongThePumpMaySleep:
    def test_with_nothing_to_do_as_long_as_it_likes(self, lane: Lane) -> None:
        lane.configure(1)
        assert lane.governor.claim(submits=1, downloads=1, polls=1).sleep_ms == {}

    def test_until_the_next_due_time(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.defer(lane.hold(Step.SUBMIT), 5_000)
        sleep_ms = lane.governor.claim(submits=1, downloads=1, polls=1).sleep_ms
        assert sleep_ms.keys() == {Step.SUBMIT}
        assert 3_000 < sleep_ms[Step.SUBMIT] <= 5_000

    def test_until_the_budget_allows_another_request(self, lane: Lane) -> None:
        lane.configure(9, creates_per_s=4)
        lane.open(size=9)
        claims = lane.governor.claim(submits=9, downloads=9, polls=9)
        assert len(claims.due[Step.SUBMIT]) == 2
        assert claims.sleep_ms == {Step.SUBMIT: 250}

    def test_until_a_look_is_due_that_is_alone(self, lane: Lane) -> None:
        look_in(lane, 1_000, 3_000, 3_100, 3_150)
        assert sleep_ms_for_looks(lane) == pytest.approx(1_000, abs=90)

    def test_until_four_looks_are_due_that_are_near_each_other(self, lane: Lane) -> None:
        look_in(lane, 3_000, 3_100, 3_150, 3_200, 3_250)
        assert sleep_ms_for_looks(lane) == pytest.approx(3_200, abs=90)

    def test_until_the_budget_allows_four_looks_that_are_due_where_that_is_soon(self, lane: Lane) -> None:
        look_in(lane, *[0] * 10)
        lane.configure(10, retrieves_per_s=25)
        claims = lane.governor.claim(submits=None, downloads=None, polls=9)
        assert len(claims.due[Step.POLL]) == 6
        assert claims.sleep_ms == {Step.POLL: 160}

    @pytest.mark.parametrize(("looks", "retrieves_per_s", "sleep_ms"), [(9, 25, 40), (10, 20, 50)])
    def test_until_it_allows_one_where_no_four_are_due_or_a_pump_that_is_late_would_lose_some(
        self, lane: Lane, looks: int, retrieves_per_s: float, sleep_ms: int
    ) -> None:
        look_in(lane, *[0] * looks)
        lane.configure(9, retrieves_per_s=retrieves_per_s)
        assert sleep_ms_for_looks(lane) == sleep_ms

    def test_no_longer_than_until_an_end_is_told_of(self, lane: Lane, ear: Ear) -> None:
        look_in(lane, *[0] * 10, 3_600_000)
        lane.configure(11, retrieves_per_s=25)
        assert sleep_ms_for_looks(lane) == 160
        list(ear.rung())
        lane.events.wake(EndPath.WEBHOOKS, [("qr_10", None)])
        assert [step for step, delay_ms, _ in ear.rung() if not delay_ms] == [Step.POLL]
        used_up = View(lane.client).now_ms() + 60_000
        lane.client.hset(lane.keys.budgets, "retrieve", used_up)
        assert sleep_ms_for_looks(lane) == 40, "it waits for its own request alone"
        lane.client.delete(lane.keys.budgets)
        assert [claimed.run for claimed in lane.claim(Step.POLL, 1)] == ["f/10"]

    def test_not_at_all_where_more_is_due_than_it_could_use(self, lane: Lane) -> None:
        lane.open(size=3, cap=3)
        assert lane.governor.claim(submits=2, downloads=1, polls=1).sleep_ms == {Step.SUBMIT: 0}

    def test_half_a_second_where_a_gate_holds_back_what_is_due(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.governor.close_gate(Gate.AUTH, first_ms=60_000, longest_ms=60_000, reason="no permission")
        assert lane.governor.claim(submits=9, downloads=9, polls=9).sleep_ms == {Step.SUBMIT: 500}

    def test_until_a_resume_where_the_lane_is_paused(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.pause("a test")
        assert lane.governor.claim(submits=9, downloads=9, polls=9).sleep_ms == {}
        assert lane.governor.resume()
        assert len(lane.claim(Step.SUBMIT)) == 1


class TestACallerThatAsksForSomeStepsAlone:
    def test_gets_nothing_of_others_and_hears_nothing_of_when_they_are_due(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        claims = lane.governor.claim(submits=None, downloads=9, polls=9)
        assert (claims.due, claims.sleep_ms) == ({step: [] for step in Step}, {})
        assert len(lane.claim(Step.SUBMIT)) == 2


class TestACallerThatBelievesTheLastClaim:
    def ask(self, lane: Lane) -> Claims:
        return lane.governor.claim(submits=9, downloads=9, polls=9, unless_quiet=True)

    def test_looks_where_nobody_has_looked_yet(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert len(self.ask(lane).due[Step.SUBMIT]) == 1

    def test_hears_when_that_one_said_that_something_is_due(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.claim(Step.SUBMIT, resend_ms=30_000)
        lane.claim(Step.POLL)
        sleep_ms = self.ask(lane).sleep_ms
        assert sleep_ms.keys() == {Step.SUBMIT}
        assert 29_000 < sleep_ms[Step.SUBMIT] <= 30_000

    def test_gets_what_has_become_due_since(self, lane: Lane) -> None:
        lane.open(cap=1)
        held = lane.hold(Step.SUBMIT)
        assert self.ask(lane).due[Step.SUBMIT] == []
        assert lane.governor.defer(held, 0)
        assert len(self.ask(lane).due[Step.SUBMIT]) == 1

    def test_misses_what_a_release_without_a_bell_has_made_due_until_somebody_looks(self, lane: Lane) -> None:
        lane.open(cap=1)
        lane.claim(Step.SUBMIT, resend_ms=30_000)
        for step in (Step.DOWNLOAD, Step.POLL):
            lane.claim(step)
        lane.client.zadd(lane.keys.due("submit"), {"f/0": 0})
        assert self.ask(lane).due[Step.SUBMIT] == []
        assert len(lane.claim(Step.SUBMIT)) == 1


def test_a_dead_workers_run_comes_back_with_a_fence_that_outdoes_it(lane: Lane) -> None:
    lane.open(cap=1)
    dead = lane.hold(Step.SUBMIT)
    assert lane.claim(Step.SUBMIT) == []
    lane.pass_time(60_000)
    (claimed,) = lane.claim(Step.SUBMIT)
    # As long as nobody took over, the one believed dead may still finish its work.
    assert claimed.fence == dead.fence
    heir = lane.begin(Step.SUBMIT, claimed)
    assert heir.tries == 2
    assert lane.governor.begin(claimed, RunState.GRANTED, 1000) is None, "a copy of the message"
    assert not lane.governor.bind(dead, "qr_1", 0)
    assert lane.governor.bind(heir, "qr_1", 0)
