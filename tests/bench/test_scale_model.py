"""What a large deployment comes to, from what one of each thing costs: sums that can be checked by hand."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.costs.burst import Burst, drain, sizes
from bench.costs.scale_model import Line, Load, UnitCosts, bounds, estimates, memory_bytes
from bench.costs.spent import Spent
from bench.costs.spread_runs import _of_one, _While
from bench.scale import Scaled, carried_per_s, page

COST = UnitCosts(
    looks=2,
    state_commands=Line(base=50, each=10),
    broker_commands=Line(base=8, each=4),
    state_us=Line(base=1_000, each=500),
    broker_us=Line(base=200, each=100),
    worker_ms=Line(base=6, each=2),
    idle_commands=Line(base=20, each=0.001),
    idle_us=Line(base=100, each=0.01),
    new_lane_bytes=400,
    lane_bytes=1_000,
    query_bytes=200,
    flow_bytes=Line(base=400, each=0.5),
    alive_bytes=1_000,
    batch_bytes=100,
    puts_a_run=2,
    puts_a_flow=4,
    gets_a_flow=1,
    lists_a_flow=0,
    result_puts_a_run=2,
    lists_a_minute=1,
)
LOAD = Load(accounts=100, runs_a_day=864_000, workers=10, mean_s=20, runs_a_flow=100, queries=5, peak=3)
#: Lanes alike, and nothing holds them up but their own budgets.
UNIFORM = Burst(lanes=100, runs=6_000, sigma=0, mean_s=20, creates_per_s=2, cap=500, capacity_per_s=1e9)


def test_each_result_is_what_its_formula_says() -> None:
    found = {each.what: each.value for each in estimates(LOAD, COST)}

    assert found["runs"] == 10
    assert found["runs alive"] == 200
    assert found["messages"] == 30
    assert found["commands for runs, state"] == 700
    assert found["commands for runs, broker"] == 160
    assert found["commands for nothing"] == pytest.approx(10 * (20 + 0.1))
    assert found["CPU of the state's server"] == pytest.approx(0.02)
    assert found["CPU of workers"] == pytest.approx(0.1)
    assert found["memory: flows that ended"] == pytest.approx(8_640 * 30 * 450 / 1e6)
    assert found["PUTs to the ledger"] == pytest.approx((864_000 * 2 + 8_640 * 4) / 1e6)
    assert found["price of requests"] == pytest.approx(
        (864_000 * 4 + 8_640 * 4 + 1_440) * 5e-6 + 8_640 * 4e-7, rel=1e-6
    )


@pytest.mark.parametrize("shards", [1, 3])
def test_what_breaks_first_stands_first(shards: int) -> None:
    shares = [bound.share for bound in bounds(LOAD, COST, shards)]

    assert shares == sorted(shares, reverse=True)


def test_more_nodes_carry_more_until_the_broker_is_full() -> None:
    carried = [carried_per_s(replace(LOAD, workers=10_000), COST, shards) for shards in (1, 2, 100)]

    assert carried == sorted(carried)
    assert carried[-1] <= 1e6 / COST.broker_us.at(COST.looks)


def test_a_page_has_the_load_and_where_it_breaks() -> None:
    said = page(Scaled(at="2026-11-29 22:00", costs=COST, store={}), LOAD)

    assert "100 accounts, 864,000 runs a day, 10 workers:" in said
    assert "one core: the broker" in said


def test_a_line_goes_through_both_of_its_points() -> None:
    line = Line.through((50, 100.0), (1_000, 575.0))

    assert (line.at(50), line.at(1_000)) == (pytest.approx(100), pytest.approx(575))


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_nothing_costs_less_than_nothing(first: float, second: float) -> None:
    line = Line.through((1, first), (2, second))

    assert line.each >= 0
    assert line.at(0) >= 0


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_longer_flows_take_no_more_memory(runs_a_flow: int, longer: int) -> None:
    few, many = sorted((runs_a_flow, longer))
    short, long = (sum(memory_bytes(replace(LOAD, runs_a_flow=runs), COST).values()) for runs in (few, many))

    assert long <= short + 1


def test_lanes_that_nobody_holds_up_take_as_long_as_their_own_budget_says() -> None:
    drained = drain(UNIFORM)

    assert drained.all_s == 30  # 60 runs each, two a second
    assert drained.busy == 0
    assert drained.peak_alive == pytest.approx(100 * 2 * 20)


def test_a_cap_holds_a_lane_to_so_many_at_once() -> None:
    drained = drain(replace(UNIFORM, cap=10))

    assert drained.peak_alive == pytest.approx(100 * 10)


@given(st.integers(1, 20_000), st.floats(0, 2), st.floats(1, 50), st.integers(1, 500), st.floats(5, 5_000))
def test_all_begin_never_faster_than_is_carried_and_never_beyond_the_cap(
    runs: int, sigma: float, creates_per_s: float, cap: int, capacity_per_s: float
) -> None:
    burst = Burst(
        lanes=200, runs=runs, sigma=sigma, mean_s=5, creates_per_s=creates_per_s, cap=cap, capacity_per_s=capacity_per_s
    )
    drained = drain(burst)

    assert sum(sizes(burst)) == pytest.approx(runs)
    assert drained.all_s >= runs / capacity_per_s - 1
    assert drained.peak_alive <= burst.lanes * cap * (1 + 1e-9)
    assert drained.half_s <= drained.most_s <= drained.all_s


def test_what_the_time_costs_alone_is_taken_off_what_runs_cost() -> None:
    nothing = _While(10, _spent(commands=1_000, server_s=0.1), _spent(commands=100, server_s=0.01), 0.2)
    work = _While(20, _spent(commands=12_000, server_s=1.2), _spent(commands=700, server_s=0.12), 1.4)

    assert asdict(_of_one(work, nothing, 100, 2.5)) == pytest.approx(
        {
            "looks": 2.5,
            "state_commands": 100,
            "broker_commands": 5,
            "state_us": 10_000,
            "broker_us": 1_000,
            "worker_ms": 10,
        }
    )


def _spent(*, commands: int, server_s: float) -> Spent:
    return Spent(cpu_s={}, server_s=server_s, commands=commands)
