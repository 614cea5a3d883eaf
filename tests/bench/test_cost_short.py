"""The bench of costs in a short form: commands, requests and modules, which no machine makes more or less."""

import pytest

from bench.cost import ROWS, AskedCosts, MeasuredRow, page
from bench.costs import claims_row, following_row
from bench.costs.figure import CostFigure
from bench.costs.lanes_rows import fill_lanes
from bench.costs.lone_deployments import lone
from forebay.governor.seen import LaneView
from forebay.governor.view import View

QUICK = AskedCosts(rows=("throughput",), contenders=("forebay",), lanes=500, workers=8, quick=True)


def test_a_claim_of_nothing_and_a_grant_cost_a_known_number_of_commands() -> None:
    empty, full, ready = claims_row.figures(50)

    assert 1 <= empty.found["commands"] <= 12
    assert 1 <= full.found["commands"] <= 12
    assert 1 <= ready.found["commands"] <= 36


def test_a_look_costs_the_same_commands_however_long_a_batch_is() -> None:
    short, long = (following_row.looks_at_a_long_batch(runs, 3) for runs in (200, 20_000))

    assert long.next_commands == short.next_commands


def test_a_look_over_lanes_is_counted() -> None:
    few, many = (following_row.looks_over_lanes(lanes, 3) for lanes in (2, 10))

    assert few.next_commands < many.next_commands <= 6 * 10 + 20


def test_each_account_has_a_lane_that_has_nothing_and_may_grant() -> None:
    with lone(lane_each=True) as here:
        fill_lanes(here, 3)
        lanes = View(here.deployment.redis).each_lane()

    assert [lane.lane for lane in lanes] == [f"bench:test:acct_{number:06d}" for number in range(3)]
    assert all(isinstance(lane, LaneView) and lane.cap and lane.unreconciled is None for lane in lanes)


@pytest.mark.system
def test_a_run_is_counted_from_the_create_to_the_result() -> None:
    measured = ROWS["throughput"](QUICK)
    (worked,) = measured.contenders.values()

    assert worked["landed"] == 60
    assert worked["requests_a_run"] >= 3  # a create, a look, a download
    assert 1 <= worked["commands_a_run"] <= 250  # with what a few seconds of two processes cost
    assert worked["ms_a_run submit,poll"] > 0


def test_a_page_has_each_row_with_what_was_demanded_and_when_it_was_measured() -> None:
    figure = CostFigure(what="a claim", now="47 commands", demanded="≤ 12 commands", found={"commands": 47})
    measured = MeasuredRow(at="2026-11-29 22:00", load="1.0/1.0/1.0", figures=[figure])

    line = page({"claims": measured}).splitlines()[2]

    cells = [cell.strip() for cell in line.split("|")]
    assert cells[1:4] == ["a claim", "47 commands", "≤ 12 commands"]
    assert cells[4] == "`claims` 2026-11-29 22:00, load 1.0/1.0/1.0"
