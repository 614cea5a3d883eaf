"""The dynamic programme behind the bench: against brute force, by simulation, and with the figures of its issue."""

from dataclasses import replace
from functools import cache

import pytest

from bench.ceiling import (
    DurationModel,
    Plan,
    best_plan,
    cheapest_plan,
    looks_left_per_s,
    round_robin_lag_s,
    simulate,
    utilisation,
)
from bench.scenario import SCENARIOS, Scenario

EACH = [replace(scenario, sigma=sigma) for scenario in SCENARIOS.values() for sigma in (0.6, 0.15)]


@cache
def _best(scenario: Scenario) -> Plan:
    return best_plan(scenario)


@pytest.mark.parametrize(("name", "expected"), [("A", 0.91), ("B", 0.78)])
def test_the_ceiling_is_what_the_issue_says(name: str, expected: float) -> None:
    scenario = SCENARIOS[name]
    assert utilisation(scenario, _best(scenario).lag_s) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("scenario", EACH, ids=str)
def test_it_spends_the_looks_that_there_are_and_beats_looking_in_turn(scenario: Scenario) -> None:
    plan = _best(scenario)
    affordable = scenario.polls_per_s * (scenario.mean_s + plan.lag_s) / scenario.cap
    assert plan.looks == pytest.approx(affordable, rel=0.01)
    assert plan.lag_s < round_robin_lag_s(scenario)


@pytest.mark.parametrize("scenario", EACH, ids=str)
def test_a_grid_four_times_as_coarse_says_the_same(scenario: Scenario) -> None:
    coarse = best_plan(scenario, grid=1000)
    assert utilisation(scenario, coarse.lag_s) == pytest.approx(utilisation(scenario, _best(scenario).lag_s), abs=0.003)


@pytest.mark.parametrize("scenario", EACH, ids=str)
def test_durations_drawn_at_random_agree(scenario: Scenario) -> None:
    plan = _best(scenario)
    drawn = simulate(scenario, plan, draws=50_000)
    assert drawn.lag_s == pytest.approx(plan.lag_s, rel=0.02)
    assert drawn.looks == pytest.approx(plan.looks, rel=0.02)


def test_a_second_retrieve_for_each_result_takes_looks_away() -> None:
    scenario = SCENARIOS["B"]
    alone, shared = (looks_left_per_s(scenario, retrieves_a_result=retrieves) for retrieves in (0, 1))
    assert alone == pytest.approx(scenario.endpoint_per_s, abs=0.1)
    runs_per_s = scenario.cap / (scenario.mean_s + best_plan(scenario, polls_per_s=shared).lag_s)
    assert shared + runs_per_s == pytest.approx(scenario.endpoint_per_s, abs=0.1)


@pytest.mark.parametrize("price_s", [0.05, 0.5, 5.0])
def test_the_queue_of_lines_finds_what_trying_all_finds(price_s: float) -> None:
    durations, grid = DurationModel(20, 0.6), 120
    plan = cheapest_plan(durations, price_s, grid)
    assert plan.lag_s + price_s * plan.looks == pytest.approx(_by_trying_all(durations, price_s, grid), rel=1e-4)


def _by_trying_all(durations: DurationModel, price_s: float, grid: int) -> float:
    at = [number * durations.longest_s() / grid for number in range(grid + 1)]
    ended, integral = [durations.ended_by(t) for t in at], [durations.ended_integral(t) for t in at]
    cost = [0.0] * (grid + 1)
    for now in reversed(range(grid)):
        cost[now] = price_s * (1 - ended[now]) + min(
            integral[then] - integral[now] - ended[now] * (at[then] - at[now]) + cost[then]
            for then in range(now + 1, grid + 1)
        )
    return cost[0]
