"""When to look: plans are kept to, a look is worth its price, and a lane's looks fit its budget."""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.durations import SURPRISE, Durations
from forebay.governor.feed import Feed, feed_of
from forebay.governor.poll_times import (
    FIRST_POLL_S,
    FIRST_POLL_WITH_EVENTS_S,
    LONGEST_POLL_S,
    SCOUTS,
    SHORTEST_POLL_S,
    WELL_KNOWN_SIGMA,
    PollOutlook,
    _ages,
    _cdf,
    _Events,
    _mean_below,
    _price,
    _solve,
    first_poll_s,
    next_poll_s,
)

#: A few of each, since each pair of spread and price is a programme to solve.
SIGMAS = st.sampled_from([0.05, 0.15, 0.4, 0.6, 1.0, 1.6, 2.5])
COSTS = st.sampled_from([0.001, 0.01, 0.05, 0.2, 1.0, 5.0])
KNOWN = st.builds(Durations, st.floats(0.5, 5400), SIGMAS)
AGES = st.floats(0, 6000)
RATES = st.floats(0.1, 100)
#: What may have been shown of events, however well or badly that fits what they do.
FEEDS = st.builds(
    feed_of,
    told=st.floats(0, 200),
    missed=st.floats(0, 200),
    unheard=st.integers(0, 5000),
    delay_s=st.none() | st.floats(0, 400),
    ends_per_s=st.floats(0, 50),
    is_listed=st.booleans(),
)
LOOK_PER_RUN = st.sampled_from([0.0001, 0.01, 0.1, 1.0, 5.0])


def outlook(durations: Durations | None, alive: int = 10, retrieves_per_s: float = 10.0) -> PollOutlook:
    return PollOutlook(durations=durations, alive=alive, retrieves_per_s=retrieves_per_s, requests_per_s=25.0)


def simulated(plan: tuple[float, ...], sigma: float, runs: int = 40_000) -> tuple[float, float]:
    """Looks and lag of a run that is looked at by this plan, on average over durations drawn at random."""
    draw, looks, lag = random.Random(7), 0, 0.0
    for _ in range(runs):
        duration = min(draw.lognormvariate(0, sigma), plan[-1])
        at = bisect_right(plan, duration - 1e-12)
        looks += at + 1
        lag += plan[at] - duration
    return looks / runs, lag / runs


class TestTheNextLook:
    @given(durations=st.none() | KNOWN, age=AGES, alive=st.integers(1, 5000), rate=RATES)
    def test_is_neither_at_once_nor_too_late(
        self, durations: Durations | None, age: float, alive: int, rate: float
    ) -> None:
        assert SHORTEST_POLL_S <= next_poll_s(age, outlook(durations, alive, rate)) <= LONGEST_POLL_S

    @given(age=AGES, alive=st.integers(1, 5000))
    def test_of_a_query_that_nobody_knows_comes_after_a_tenth_of_its_age_or_in_turn(
        self, age: float, alive: int
    ) -> None:
        in_turn = outlook(None, alive).runs_per_poll
        expected = min(max(FIRST_POLL_S, age / 10, in_turn), LONGEST_POLL_S)
        assert next_poll_s(age, outlook(None, alive)) == pytest.approx(expected)

    def test_of_a_well_known_query_comes_when_it_ends(self) -> None:
        known = outlook(Durations(30.0, 0.05), alive=100)
        assert 27 < next_poll_s(0.0, known) < 33

    @given(durations=KNOWN, few=st.integers(1, 100), times=st.integers(2, 20))
    def test_the_first_comes_no_earlier_when_more_runs_share_the_looks(
        self, durations: Durations, few: int, times: int
    ) -> None:
        shared = [next_poll_s(0.0, outlook(durations, alive)) for alive in (few, few * times)]
        assert shared[0] <= shared[1] * 1.001

    def test_a_run_older_than_all_of_its_kind_is_looked_at_by_its_age(self) -> None:
        known = outlook(Durations(1.0, 0.05))
        assert next_poll_s(300.0, known) == pytest.approx(30.0)

    @given(durations=KNOWN, index=st.integers(0, 10**6) | st.integers(0, 1000).map(lambda n: n * SCOUTS))
    def test_that_is_the_first_comes_early_for_scouts_alone(self, durations: Durations, index: int) -> None:
        planned, first = next_poll_s(0.0, outlook(durations)), first_poll_s(index, outlook(durations))
        if index % SCOUTS or durations.sigma >= WELL_KNOWN_SIGMA:
            assert first == planned
        else:
            assert SHORTEST_POLL_S <= first <= planned
            assert first == SHORTEST_POLL_S or _cdf(first / durations.median_s, durations.sigma) < SURPRISE

    def test_where_nothing_is_known_nobody_is_a_scout(self) -> None:
        assert first_poll_s(0, outlook(None)) == next_poll_s(0.0, outlook(None))


def path(sigma: float, following: tuple[float, ...]) -> tuple[float, ...]:
    """The ages of all looks at a run, from its create on."""
    ages, at = [], 0
    while at < len(following):
        ages.append(following[at])
        at = bisect_right(_ages(sigma), following[at]) - 1
    return tuple(ages)


class TestAPlan:
    @given(sigma=SIGMAS, cost=COSTS)
    def test_has_ages_that_ascend_until_hardly_a_run_is_left(self, sigma: float, cost: float) -> None:
        ages = path(sigma, _solve(sigma, cost)[0])
        assert ages
        assert all(early < late for early, late in pairwise(ages))
        assert 1 - _cdf(ages[-1], sigma) < 2e-6 or ages[-1] == pytest.approx(40.0)

    @pytest.mark.parametrize(("sigma", "most_lag"), [(0.05, 0.02), (0.15, 0.05), (0.6, 0.15)])
    def test_of_well_known_queries_with_three_looks_each_lags_little(self, sigma: float, most_lag: float) -> None:
        _, _, lag = _solve(sigma, _price(sigma, 0.33))
        assert lag < most_lag, "the programme's ages lie too far apart"

    @given(sigma=SIGMAS, cost=COSTS)
    def test_of_dearer_looks_has_fewer_and_more_lag(self, sigma: float, cost: float) -> None:
        _, looks, lag = _solve(sigma, cost)
        _, fewer, longer = _solve(sigma, 2 * cost)
        assert fewer <= looks + 1e-9
        assert longer >= lag - 1e-9

    @pytest.mark.parametrize("sigma", [0.15, 0.6, 1.0])
    @pytest.mark.parametrize("cost", [0.02, 0.2])
    def test_keeps_what_it_expects(self, sigma: float, cost: float) -> None:
        following, looks, lag = _solve(sigma, cost)
        seen_looks, seen_lag = simulated(path(sigma, following), sigma)
        assert seen_looks == pytest.approx(looks, rel=0.02)
        assert seen_lag == pytest.approx(lag, rel=0.03)

    @pytest.mark.parametrize("sigma", [0.15, 0.6])
    def test_costs_less_than_looking_at_even_intervals(self, sigma: float) -> None:
        _, looks, lag = _solve(sigma, 0.05)
        best_even = min(
            even_lag + 0.05 * even_looks
            for every in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
            for even_looks, even_lag in [simulated(tuple(every * n for n in range(1, int(40 / every))), sigma, 4000)]
        )
        assert lag + 0.05 * looks < best_even

    @given(age=st.floats(0.01, 40), sigma=SIGMAS)
    def test_counts_a_mean_below_an_age_of_less_than_that_age_for_each_who_ended(
        self, age: float, sigma: float
    ) -> None:
        assert 0 <= _mean_below(age, sigma) <= age * _cdf(age, sigma) + 1e-12


class TestThePrice:
    @settings(max_examples=30)
    @given(sigma=SIGMAS, runs_per_poll=LOOK_PER_RUN)
    def test_meets_the_budget(self, sigma: float, runs_per_poll: float) -> None:
        _, looks, lag = _solve(sigma, _price(sigma, runs_per_poll))
        in_budget = (math.exp(sigma**2 / 2) + lag) / runs_per_poll
        assert looks <= in_budget * 1.001 or looks == pytest.approx(1.0, rel=0.2), "one look there must be"

    @settings(max_examples=30)
    @given(sigma=SIGMAS)
    def test_rises_with_the_runs_that_share_a_look(self, sigma: float) -> None:
        prices = [_price(sigma, runs_per_poll) for runs_per_poll in (0.01, 0.1, 0.5, 2.0)]
        assert prices == sorted(prices)

    def test_spends_what_there_is(self) -> None:
        _, looks, lag = _solve(0.6, _price(0.6, 0.5))
        assert looks > 0.9 * (math.exp(0.18) + lag) / 0.5

    def test_creates_leave_a_tenth_of_the_looks(self) -> None:
        plenty = PollOutlook(durations=Durations(1.0, 0.5), alive=500, retrieves_per_s=20, requests_per_s=25)
        assert plenty.runs_per_poll == pytest.approx(500 / 2)


def looks_until(age_s: float, medians: Iterator[float]) -> int:
    """How often a run is looked at up to an age, while what is known of its query moves from look to look."""
    at_s, looks = 0.0, 0
    while at_s < age_s:
        known = replace(outlook(Durations(next(medians), 0.6), alive=100), feed=Feed(missing=0.02, delay_s=1.0))
        at_s, looks = at_s + next_poll_s(at_s, known), looks + 1
    return looks


def test_a_plan_that_moves_while_it_is_followed_costs_no_looks() -> None:
    steady = looks_until(120.0, repeat(16.7))
    moving = looks_until(120.0, (16.7 * 1.04**n for n in count()))
    assert moving <= steady


def simulated_with_events(
    plan: tuple[float, ...], sigma: float, events: _Events, runs: int = 40_000
) -> tuple[float, float]:
    """As `simulated`; an event tells of an end after its delay, unless it is missing, and leads to a look."""
    draw, looks, lag = random.Random(7), 0, 0.0
    for _ in range(runs):
        duration = min(draw.lognormvariate(0, sigma), plan[-1])
        at = bisect_right(plan, duration - 1e-12)
        looks += at + 1
        told = math.inf if draw.random() < events.missing else duration + events.delay
        lag += min(plan[at], told) - duration
    return looks / runs, lag / runs


class TestWithEvents:
    GOOD, BAD = Feed(missing=0.01, delay_s=1.0), Feed(missing=0.98, delay_s=60.0)

    @pytest.mark.parametrize("sigma", [0.15, 0.6, 1.0])
    @pytest.mark.parametrize("events", [_Events(0.01, 0.1), _Events(0.1, 0.1), _Events(0.01, 1.5), _Events(1.0, 0.0)])
    def test_a_plan_keeps_what_it_expects(self, sigma: float, events: _Events) -> None:
        following, looks, lag = _solve(sigma, 0.02, events)
        played = simulated_with_events(path(sigma, following), sigma, events)
        assert (looks, lag) == (pytest.approx(played[0], rel=0.05), pytest.approx(played[1], rel=0.15, abs=0.003))

    @pytest.mark.parametrize("sigma", [0.15, 0.6, 1.0])
    def test_the_better_they_are_the_fewer_looks(self, sigma: float) -> None:
        looks = [_solve(sigma, 0.02, _Events(missing, 0.1))[1] for missing in (0.01, 0.1, 0.5, 1.0)]
        assert looks == sorted(looks)
        assert looks[0] < 0.8 * looks[-1]

    @given(durations=KNOWN, age=AGES, alive=st.integers(1, 5000), rate=RATES)
    def test_no_run_waits_longer_than_a_minute_whatever_is_told(
        self, durations: Durations, age: float, alive: int, rate: float
    ) -> None:
        known = replace(outlook(durations, alive, rate), feed=self.GOOD)
        assert SHORTEST_POLL_S <= next_poll_s(age, known) <= LONGEST_POLL_S

    @pytest.mark.parametrize("sigma", [0.15, 0.6])
    def test_events_of_no_use_change_little(self, sigma: float) -> None:
        alone = outlook(Durations(10.0, sigma), alive=100, retrieves_per_s=20.0)
        for age in (0.0, 5.0, 12.0):
            with_them = next_poll_s(age, replace(alone, feed=self.BAD))
            assert with_them == pytest.approx(next_poll_s(age, alone), rel=0.25, abs=1.0)

    @given(
        durations=st.none() | KNOWN,
        alive=st.integers(1, 5000),
        rate=RATES,
        feed=FEEDS,
        end_s=st.floats(0, 5400),
    )
    def test_an_end_is_seen_within_a_minute_where_a_trusted_feed_tells_of_it_never(
        self, durations: Durations | None, alive: int, rate: float, feed: Feed | None, end_s: float
    ) -> None:
        believed = replace(outlook(durations, alive, rate), feed=feed)
        looked_s = first_poll_s(0, believed)
        while looked_s < end_s:
            looked_s += next_poll_s(looked_s, believed)
        assert looked_s - end_s <= LONGEST_POLL_S

    def test_of_a_run_of_which_nothing_is_known_a_good_feed_tells(self) -> None:
        assert next_poll_s(1.0, replace(outlook(None), feed=self.GOOD)) == LONGEST_POLL_S
        assert next_poll_s(1.0, outlook(None)) == FIRST_POLL_S

    def test_of_runs_of_which_nothing_is_known_a_list_may_tell_before_the_first_look(self) -> None:
        listed = replace(outlook(None), feed=feed_of(told=0, missed=0, unheard=0, delay_s=None, is_listed=True))
        assert first_poll_s(0, listed) == FIRST_POLL_WITH_EVENTS_S
        assert next_poll_s(FIRST_POLL_WITH_EVENTS_S, listed) < FIRST_POLL_WITH_EVENTS_S

    def test_there_are_no_scouts(self) -> None:
        known = replace(outlook(Durations(60.0, 0.1)), feed=self.GOOD)
        assert first_poll_s(0, known) == first_poll_s(1, known)
