"""T°, and the account of where a makespan went."""

import pytest

from bench.account import Lifetime, account, alive_curve
from bench.scenario import SCENARIOS
from bench.yardstick import first_come_first_served, makespan_s


def test_a_slot_is_used_again_in_the_instant_in_which_its_run_ends() -> None:
    runs = first_come_first_served([4, 2, 3], cap=2, creates_per_s=1)
    assert runs == [Lifetime(0, 4, 4), Lifetime(1, 3, 3), Lifetime(3, 6, 6)]
    assert makespan_s(runs) == 6


def test_creates_keep_their_rate_where_slots_are_free() -> None:
    assert [run.created for run in first_come_first_served([9, 9, 9], cap=5, creates_per_s=2)] == [0, 0.5, 1]


def test_an_end_that_is_noticed_late_frees_its_slot_late() -> None:
    runs = first_come_first_served([1, 1], cap=1, creates_per_s=10, lag_s=lambda _: 0.5)
    assert runs == [Lifetime(0, 1, 1.5), Lifetime(1.5, 2.5, 3)]


@pytest.mark.parametrize("lag_s", [0, 2.5])
def test_the_parts_of_a_makespan_add_up_and_the_cap_holds(lag_s: float) -> None:
    scenario = SCENARIOS["A"]
    runs = first_come_first_served(scenario.durations_s, cap=scenario.cap, creates_per_s=25, lag_s=lambda _: lag_s)
    spent = account(runs, cap=scenario.cap, until=max(run.noticed for run in runs))
    assert spent.busy_s == pytest.approx(sum(scenario.durations_s) / scenario.cap)
    parts = spent.busy_s + spent.ramp_s + spent.lag_s + spent.refill_s + spent.tail_s
    assert parts == pytest.approx(makespan_s(runs))
    assert spent.refill_s == pytest.approx(0, abs=0.5), "this observer refills at once, but for the create rate"
    assert max(alive_curve(runs)[1]) == scenario.cap
    assert min(spent.ramp_s, spent.lag_s, spent.tail_s) >= 0


def test_full_use_is_one_without_lag_and_less_with() -> None:
    scenario = SCENARIOS["A"]
    uses = []
    for lag_s in (0.0, 5.0):
        runs = first_come_first_served(scenario.durations_s, cap=100, creates_per_s=25, lag_s=lambda _, by=lag_s: by)
        uses.append(account(runs, cap=100, until=makespan_s(runs)).full_use)
    assert uses[0] == pytest.approx(1, abs=0.01)
    assert uses[1] == pytest.approx(20 / 25, abs=0.04)


def test_every_contender_gets_the_same_durations() -> None:
    scenario = SCENARIOS["A"]
    assert scenario.queries == SCENARIOS["A"].queries
    assert len(set(scenario.queries)) == scenario.runs
    assert not set(scenario.queries) & set(scenario.warm_up(100))
