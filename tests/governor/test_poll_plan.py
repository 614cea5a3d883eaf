"""The plan of looks: it costs least, keeps what it expects, and meets the budget."""

import math
import random
from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.governor.poll_plan import Events, ages_to_look_at, ended_by, mean_below, price_of_a_look, solve

#: A few of each, since each pair of spread and price is a programme to solve.
SIGMAS = st.sampled_from([0.05, 0.15, 0.4, 0.6, 1.0, 1.6, 2.5])
COSTS = st.sampled_from([0.001, 0.01, 0.05, 0.2, 1.0, 5.0])
LOOK_PER_RUN = st.sampled_from([0.0001, 0.01, 0.1, 1.0, 5.0])


def simulated(plan: tuple[float, ...], sigma: float, runs: int = 40_000) -> tuple[float, float]:
    """Looks and lag of a run that is looked at by this plan, on average over durations drawn at random."""
    draw, looks, lag = random.Random(7), 0, 0.0
    for _ in range(runs):
        duration = min(draw.lognormvariate(0, sigma), plan[-1])
        at = bisect_right(plan, duration - 1e-12)
        looks += at + 1
        lag += plan[at] - duration
    return looks / runs, lag / runs


def path(sigma: float, following: tuple[float, ...]) -> tuple[float, ...]:
    """The ages of all looks at a run, from its create on."""
    ages, at = [], 0
    while at < len(following):
        ages.append(following[at])
        at = bisect_right(ages_to_look_at(sigma), following[at]) - 1
    return tuple(ages)


class TestAPlan:
    @given(sigma=SIGMAS, cost=COSTS)
    def test_has_ages_that_ascend_until_hardly_a_run_is_left(self, sigma: float, cost: float) -> None:
        ages = path(sigma, solve(sigma, cost)[0])
        assert ages
        assert all(early < late for early, late in pairwise(ages))
        assert 1 - ended_by(ages[-1], sigma) < 2e-6 or ages[-1] == pytest.approx(40.0)

    @pytest.mark.parametrize(("sigma", "most_lag"), [(0.05, 0.02), (0.15, 0.05), (0.6, 0.15)])
    def test_of_well_known_queries_with_three_looks_each_lags_little(self, sigma: float, most_lag: float) -> None:
        _, _, lag = solve(sigma, price_of_a_look(sigma, 0.33))
        assert lag < most_lag, "the programme's ages lie too far apart"

    @given(sigma=SIGMAS, cost=COSTS)
    def test_of_dearer_looks_has_fewer_and_more_lag(self, sigma: float, cost: float) -> None:
        _, looks, lag = solve(sigma, cost)
        _, fewer, longer = solve(sigma, 2 * cost)
        assert fewer <= looks + 1e-9
        assert longer >= lag - 1e-9

    @pytest.mark.parametrize("sigma", [0.15, 0.6, 1.0])
    @pytest.mark.parametrize("cost", [0.02, 0.2])
    def test_keeps_what_it_expects(self, sigma: float, cost: float) -> None:
        following, looks, lag = solve(sigma, cost)
        seen_looks, seen_lag = simulated(path(sigma, following), sigma)
        assert seen_looks == pytest.approx(looks, rel=0.02)
        assert seen_lag == pytest.approx(lag, rel=0.03)

    @pytest.mark.parametrize("sigma", [0.15, 0.6])
    def test_costs_less_than_looking_at_even_intervals(self, sigma: float) -> None:
        _, looks, lag = solve(sigma, 0.05)
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
        assert 0 <= mean_below(age, sigma) <= age * ended_by(age, sigma) + 1e-12


class TestThePrice:
    @settings(max_examples=30)
    @given(sigma=SIGMAS, runs_per_poll=LOOK_PER_RUN)
    def test_meets_the_budget(self, sigma: float, runs_per_poll: float) -> None:
        _, looks, lag = solve(sigma, price_of_a_look(sigma, runs_per_poll))
        in_budget = (math.exp(sigma**2 / 2) + lag) / runs_per_poll
        assert looks <= in_budget * 1.001 or looks == pytest.approx(1.0, rel=0.2), "one look there must be"

    @settings(max_examples=30)
    @given(sigma=SIGMAS)
    def test_rises_with_the_runs_that_share_a_look(self, sigma: float) -> None:
        prices = [price_of_a_look(sigma, runs_per_poll) for runs_per_poll in (0.01, 0.1, 0.5, 2.0)]
        assert prices == sorted(prices)

    def test_spends_what_there_is(self) -> None:
        _, looks, lag = solve(0.6, price_of_a_look(0.6, 0.5))
        assert looks > 0.9 * (math.exp(0.18) + lag) / 0.5


def simulated_with_events(
    plan: tuple[float, ...], sigma: float, events: Events, runs: int = 40_000
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
    @pytest.mark.parametrize("sigma", [0.15, 0.6, 1.0])
    @pytest.mark.parametrize("events", [Events(0.01, 0.1), Events(0.1, 0.1), Events(0.01, 1.5), Events(1.0, 0.0)])
    def test_a_plan_keeps_what_it_expects(self, sigma: float, events: Events) -> None:
        following, looks, lag = solve(sigma, 0.02, events)
        played = simulated_with_events(path(sigma, following), sigma, events)
        assert (looks, lag) == (pytest.approx(played[0], rel=0.05), pytest.approx(played[1], rel=0.15, abs=0.003))

    @pytest.mark.parametrize("sigma", [0.15, 0.6, 1.0])
    def test_the_better_they_are_the_fewer_looks(self, sigma: float) -> None:
        looks = [solve(sigma, 0.02, Events(missing, 0.1))[1] for missing in (0.01, 0.1, 0.5, 1.0)]
        assert looks == sorted(looks)
        assert looks[0] < 0.8 * looks[-1]
