"""What ends teach: the fit of them, also where each was only seen to lie between two looks."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.durations import Durations, Took, fitted, took_between
from forebay.governor.poll_times import PollOutlook, first_poll_s, next_poll_s
from forebay.governor.states import RunState, Step
from tests.governor.driver import Lane

MEDIANS = st.floats(0.1, 5000)
SIGMAS = st.floats(0.05, 2.0)
KNOWN = st.builds(Durations, MEDIANS, SIGMAS)
#: As `lua/shared/durations.lua` forgets.
MOST_ENDS = 100


class Learner:
    """The sums of one lane, and how its runs are looked at."""

    def __init__(self, *, median_s: float, sigma: float, ends: int) -> None:
        ln_s = math.log(median_s)
        self.sums = [float(ends), ends * ln_s, ends * (ln_s**2 + sigma**2)]

    @property
    def known(self) -> Durations | None:
        return fitted(*self.sums)

    def learn(self, took: Took) -> None:
        self.sums = [old + new for old, new in zip(self.sums, (1.0, took.ln_s, took.square), strict=True)]
        if self.sums[0] >= MOST_ENDS:
            self.sums = [one / 2 for one in self.sums]

    def watch(self, index: int, duration_s: float, alive: int) -> tuple[float, float]:
        """Between which ages a run's end is seen, where so many share twenty looks a second."""
        outlook = PollOutlook(durations=self.known, alive=alive, retrieves_per_s=20, requests_per_s=25)
        before, at = 0.0, first_poll_s(index, outlook)
        while at < duration_s:
            before, at = at, at + next_poll_s(at, outlook)
        return before, at


def watched(learner: Learner, durations_s: Sequence[float], alive: int = 100) -> None:
    for index, duration_s in enumerate(durations_s):
        learner.learn(took_between(*learner.watch(index, duration_s, alive), learner.known))


def drawn(median_s: float, sigma: float, seed: int, many: int = 600) -> list[float]:
    draw = random.Random(seed)
    return [draw.lognormvariate(math.log(median_s), sigma) for _ in range(many)]


class TestTheFit:
    @given(median=MEDIANS, sigma=st.floats(0.1, 2.0), seed=st.integers(0, 1000))
    def test_finds_what_the_durations_were_drawn_from(self, median: float, sigma: float, seed: int) -> None:
        draw = random.Random(seed)
        logs = [draw.gauss(math.log(median), sigma) for _ in range(3000)]
        found = fitted(len(logs), sum(logs), sum(one * one for one in logs))
        assert found
        assert math.log(found.median_s) == pytest.approx(math.log(median), abs=0.1 * max(sigma, 1))
        assert found.sigma == pytest.approx(sigma, rel=0.1)

    def test_of_a_handful_is_none(self) -> None:
        assert fitted(4, 4.0, 5.0) is None


class TestAnEndBetweenTwoLooks:
    @given(known=st.none() | KNOWN, alive_s=st.floats(0, 6000), longer_s=st.floats(0, 6000))
    def test_is_expected_between_them(self, known: Durations | None, alive_s: float, longer_s: float) -> None:
        over_s = alive_s + longer_s
        took = took_between(alive_s, over_s, known)
        assert math.log(max(alive_s, 1e-9)) - 1e-6 <= took.ln_s <= math.log(max(over_s, 0.001)) + 1e-6
        assert took.square >= took.ln_s**2 * (1 - 1e-12)

    @given(known=KNOWN, alive_s=st.floats(0.5, 6000))
    def test_is_there_when_they_are_close_whatever_was_known(self, known: Durations, alive_s: float) -> None:
        took = took_between(alive_s, alive_s * 1.01, known)
        assert took.ln_s == pytest.approx(math.log(alive_s), abs=0.011)

    @given(known=KNOWN)
    def test_that_say_nothing_is_where_the_fit_has_it(self, known: Durations) -> None:
        took = took_between(0, known.median_s * math.exp(9 * known.sigma), known)
        assert took.ln_s == pytest.approx(math.log(known.median_s), abs=1e-6)
        assert took.square - took.ln_s**2 == pytest.approx(known.sigma**2, rel=1e-3, abs=1e-9)

    def test_that_the_fit_held_for_all_but_impossible_is_half_way(self) -> None:
        took = took_between(0, 20, Durations(60, 0.15))
        assert took == Took(math.log(10), math.log(10) ** 2)


class TestLearningFromLooks:
    @settings(max_examples=20)
    @given(sigma=st.sampled_from([0.1, 0.15, 0.3]), seed=st.integers(0, 50))
    def test_keeps_a_well_known_query_well_known(self, sigma: float, seed: int) -> None:
        learner = Learner(median_s=20, sigma=sigma, ends=50)
        watched(learner, drawn(20, sigma, seed))
        assert learner.known
        assert learner.known.median_s == pytest.approx(20, rel=0.1)
        assert learner.known.sigma == pytest.approx(sigma, abs=0.06)

    @settings(max_examples=20)
    @given(times=st.sampled_from([0.2, 0.5, 2.0, 5.0]), seed=st.integers(0, 50))
    def test_finds_out_that_a_query_has_become_quicker_or_slower(self, times: float, seed: int) -> None:
        learner = Learner(median_s=20, sigma=0.1, ends=MOST_ENDS - 1)
        watched(learner, drawn(20 * times, 0.1, seed))
        assert learner.known
        assert 0.5 < learner.known.median_s / (20 * times) < 1.6

    def test_of_ends_that_their_first_look_found_is_not_dragged_to_half_of_them(self) -> None:
        learner = Learner(median_s=20, sigma=0.15, ends=50)
        durations_s = drawn(20, 0.15, 1)
        at_their_first = sum(learner.watch(1, duration_s, 300)[0] == 0 for duration_s in durations_s)
        assert at_their_first > len(durations_s) / 3
        watched(learner, durations_s, alive=300)
        assert learner.known
        assert learner.known.median_s > 18


def live(lane: Lane, duration_s: float, query: str) -> None:
    """One run, looked at as the plan says until it is seen to have ended."""
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.mark_sent(custody, "key") == "key"
    assert lane.governor.bind(custody, "qr_1", 0)
    age_s = 0.0
    for _ in range(1000):
        outlook = replace(lane.governor.outlook(query), retrieves_per_s=0.2)  # so that looks are scarce
        wait_s = next_poll_s(age_s, outlook)
        assert lane.governor.defer(custody, int(wait_s * 1000))
        lane.pass_time(int(wait_s * 1000))
        age_s += wait_s
        custody = lane.hold(Step.POLL)
        if age_s >= duration_s:
            assert lane.governor.ready(custody, query=query, took=custody.took(outlook.durations))
            assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)
            return
    raise AssertionError("never looked at late enough")


def known(lane: Lane) -> Durations:
    durations = lane.governor.outlook("q").durations
    assert durations is not None
    return durations


class TestALane:
    """Real only: hundreds of scripts, which a fake takes ten times as long for."""

    def test_whose_looks_are_planned_learns_what_queries_really_take(self, real_lane: Lane) -> None:
        """A plan with few looks spends them at the end; half-way to that look would halve what it expects next."""
        dice = random.Random(7)
        real_lane.open(size=80, cap=1)
        for _ in range(80):
            live(real_lane, dice.lognormvariate(math.log(20), 0.15), "q")

        assert known(real_lane).median_s == pytest.approx(20, rel=0.1)
        assert known(real_lane).sigma == pytest.approx(0.15, abs=0.08)

    def test_takes_an_end_that_nothing_seen_so_far_explains_as_half_way(self, real_lane: Lane) -> None:
        real_lane.open(size=40, cap=1)
        for _ in range(30):
            live(real_lane, 20.0, "q")
        before = known(real_lane)
        for _ in range(10):
            live(real_lane, 4000.0, "q")

        assert before.median_s == pytest.approx(20, rel=0.2)
        assert known(real_lane).sigma > 4 * before.sigma
