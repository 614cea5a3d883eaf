"""Computes the best that looking alone can do: how full slots are kept when an end is only seen by asking.

    python -m bench.ceiling

A run that ended holds its slot until somebody looks. Looks are limited, so with `n` of them a run on average, when
should they be? A small dynamic programme answers that for a known distribution of durations: it minimises

    mean lag + price · mean number of looks

over all plans (instants after the create), and the price is turned until as many looks are used as there are:
looks per run = polls_per_s · (D + lag) / cap. Utilisation is then D / (D + lag). Since the price is a Lagrange
multiplier, no schedule that knows only the distribution keeps all slots fuller, however it shares looks among runs.
"""

import math
import random
import sys
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, replace
from statistics import NormalDist

from bench.scenario import SCENARIOS, SEED, Scenario

_NORMAL = NormalDist()
#: Of the longest run that a plan cares for. Later ends are too rare to move any figure here.
_BEYOND = 1e-7
#: Enough for three digits; `main` shows that finer grids change nothing.
GRID = 4000


@dataclass(frozen=True, slots=True)
class DurationModel:
    """A lognormal distribution, with what the programme needs of it in closed form."""

    mean_s: float
    sigma: float

    def ended_by(self, t_s: float) -> float:
        """Gives the share of runs that have ended `t` seconds after their create."""
        return _NORMAL.cdf(self._z(t_s)) if t_s > 0 else 0.0

    def ended_integral(self, t_s: float) -> float:
        """Gives ∫₀ᵗ ended_by(x) dx, which is E[(t - duration)⁺]."""
        if t_s <= 0:
            return 0.0
        return t_s * self.ended_by(t_s) - self.mean_s * _NORMAL.cdf(self._z(t_s) - self.sigma)

    def longest_s(self) -> float:
        """Gives the longest run that a plan cares for."""
        return self.mean_s * math.exp(self.sigma * _NORMAL.inv_cdf(1 - _BEYOND) - self.sigma**2 / 2)

    def _z(self, t_s: float) -> float:
        return (math.log(t_s / self.mean_s) + self.sigma**2 / 2) / self.sigma


@dataclass(frozen=True, slots=True)
class Plan:
    """When to look, in seconds after the create, and what that costs on average."""

    looks_at_s: tuple[float, ...]
    looks: float
    lag_s: float

    def lag_of(self, duration_s: float) -> float:
        """Tells how late the end of one run is seen."""
        number = bisect_left(self.looks_at_s, duration_s)
        return self.looks_at_s[number] - duration_s if number < len(self.looks_at_s) else 0.0


def cheapest_plan(durations: DurationModel, price_s: float, grid: int = GRID) -> Plan:
    """Finds the plan with the least lag + price · looks, on a grid of so many instants.

    With S = 1 - F and G = ∫F, the cost of what follows a look at t that found the run alive, times S(t), is

        W(t) = price · S(t) + min over s > t of  [ G(s) - G(t) - F(t) · (s - t) ] + W(s)

    For each s the minimised term is a straight line in F(t), slope -s. From the last instant to the first the lines
    come by slope and are asked for at falling F(t), so a queue holds their lower envelope and all is linear.
    """
    step_s = durations.longest_s() / grid
    at = [number * step_s for number in range(grid + 1)]
    ended = [durations.ended_by(t) for t in at]
    integral = [durations.ended_integral(t) for t in at]

    cost = (price_s + step_s) * (1 - ended[grid])
    envelope: deque[tuple[float, int]] = deque()  # intercept of the line, and the instant that is its slope
    then = [grid] * grid
    for now in range(grid - 1, -1, -1):
        _add(envelope, (cost + integral[now + 1], now + 1), at)
        f = ended[now]
        while len(envelope) > 1 and _value(envelope[0], f, at) >= _value(envelope[1], f, at):
            envelope.popleft()
        then[now] = envelope[0][1]
        cost = price_s * (1 - f) - integral[now] + f * at[now] + _value(envelope[0], f, at)
    return _follow(then, at, ended, integral)


def _value(line: tuple[float, int], x: float, at: list[float]) -> float:
    return line[0] - at[line[1]] * x


def _add(envelope: deque[tuple[float, int]], line: tuple[float, int], at: list[float]) -> None:
    """Appends a line and drops those which it leaves nowhere lowest."""
    while len(envelope) > 1:
        (a, s), (b, t), (c, u) = envelope[-2], envelope[-1], line
        # The middle one is lowest somewhere only if it meets the older line before the new one does.
        if (a - b) * (at[s] - at[u]) > (a - c) * (at[s] - at[t]):
            break
        envelope.pop()
    envelope.append(line)


def _follow(then: list[int], at: list[float], ended: list[float], integral: list[float]) -> Plan:
    now, looks, lag_s, instants = 0, 0.0, 0.0, []
    while now < len(then):
        following = then[now]
        looks += 1 - ended[now]
        lag_s += integral[following] - integral[now] - ended[now] * (at[following] - at[now])
        instants.append(at[following])
        now = following
    return Plan(tuple(instants), looks, lag_s)


def best_plan(scenario: Scenario, *, polls_per_s: float | None = None, grid: int = GRID) -> Plan:
    """Finds the plan that spends exactly the scenario's looks while all slots are held."""
    durations = DurationModel(scenario.mean_s, scenario.sigma)
    rate = polls_per_s or scenario.polls_per_s
    low, high = 1e-6 * scenario.mean_s, 1e3 * scenario.mean_s
    plan = cheapest_plan(durations, high, grid)
    for _ in range(40):
        price_s = math.sqrt(low * high)
        tried = cheapest_plan(durations, price_s, grid)
        if tried.looks > rate * (scenario.mean_s + tried.lag_s) / scenario.cap:
            low = price_s
        else:
            high, plan = price_s, tried
    return plan


def utilisation(scenario: Scenario, lag_s: float) -> float:
    """Gives the share of a slot's time in which its run is alive."""
    return scenario.mean_s / (scenario.mean_s + lag_s)


def round_robin_lag_s(scenario: Scenario, polls_per_s: float | None = None) -> float:
    """Takes half a round over all slots."""
    return scenario.cap / (polls_per_s or scenario.polls_per_s) / 2


def simulate(scenario: Scenario, plan: Plan, draws: int = 200_000) -> Plan:
    """Tries the plan against durations drawn at random: the programme's arithmetic, checked by another way."""
    dice = random.Random(SEED)
    drawn = [dice.lognormvariate(scenario.mu, scenario.sigma) for _ in range(draws)]
    looks = sum(bisect_left(plan.looks_at_s, duration_s) + 1 for duration_s in drawn) / draws
    return Plan(plan.looks_at_s, looks, sum(map(plan.lag_of, drawn)) / draws)


def looks_left_per_s(scenario: Scenario, *, retrieves_a_result: int) -> float:
    """Counts looks that the limits leave beside a create for each run, and the retrieves which only fetch a URL."""
    low, high = 0.1, scenario.endpoint_per_s
    for _ in range(16):
        polls_per_s = (low + high) / 2
        lag_s = best_plan(scenario, polls_per_s=polls_per_s, grid=1000).lag_s
        runs_per_s = scenario.cap / (scenario.mean_s + lag_s)
        of_operation = scenario.endpoint_per_s - retrieves_a_result * runs_per_s
        of_all = scenario.all_per_s - (1 + retrieves_a_result) * runs_per_s
        if polls_per_s < min(of_operation, of_all):
            low = polls_per_s
        else:
            high = polls_per_s
    return low


def limits_table() -> str:
    """Shows what a second retrieve for each result costs, when Stripe's limits are all that there is."""
    columns = ["scenario", "sigma", "a result's URL", "looks/s left", "looks/run", "utilisation", "looking in turn"]
    lines = [columns, ["---" for _ in columns]]
    for scenario in _each():
        for retrieves, where in enumerate(("from the look that saw the end", "by one more retrieve")):
            left = looks_left_per_s(scenario, retrieves_a_result=retrieves)
            plan = best_plan(scenario, polls_per_s=left)
            line = [scenario.name, f"{scenario.sigma:g}", where, f"{left:.1f}", f"{plan.looks:.2f}"]
            line += [f"{utilisation(scenario, lag_s):.3f}" for lag_s in (plan.lag_s, round_robin_lag_s(scenario, left))]
            lines.append(line)
    return _markdown(lines)


def table() -> str:
    """Shows what the looks of each scenario can reach, by the fineness of the grid."""
    grids = (80, 250, 1000, GRID, 4 * GRID)
    columns = ["scenario", "sigma", "looks/s", *(f"grid {grid}" for grid in grids)]
    columns += ["looks/run", "lag s", "by simulation", "looking in turn"]
    lines = [columns, ["---" for _ in columns]]
    for scenario in _each():
        by_grid = {grid: best_plan(scenario, grid=grid) for grid in grids}
        plan = by_grid[GRID]
        lags_s = [best.lag_s for best in by_grid.values()]
        checks_s = [simulate(scenario, plan).lag_s, round_robin_lag_s(scenario)]
        line = [scenario.name, f"{scenario.sigma:g}", f"{scenario.polls_per_s:g}"]
        line += [f"{utilisation(scenario, lag_s):.4f}" for lag_s in lags_s]
        line += [f"{plan.looks:.2f}", f"{plan.lag_s:.2f}"]
        line += [f"{utilisation(scenario, lag_s):.4f}" for lag_s in checks_s]
        lines.append(line)
    return _markdown(lines)


def _each() -> list[Scenario]:
    return [replace(known, sigma=sigma) for sigma in (0.6, 0.15) for known in SCENARIOS.values()]


def _markdown(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write("Utilisation that looking alone can reach, by the fineness of the programme's grid:\n\n" + table())
    sys.stdout.write(
        "\nWith all that Stripe's limits leave for looks, by where a result's URL comes from:\n\n" + limits_table()
    )
