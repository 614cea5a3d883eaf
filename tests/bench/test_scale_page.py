"""docs/scale.md shows what was measured last and what its formulas make of it; bytes that are counted anew agree."""

from pathlib import Path
from typing import Any

import pytest

from bench.costs.lane_memory import measure
from bench.costs.scale_model import Load
from bench.scale import FLOW_SIZES, kept, page

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_page_has_each_line_of_each_table() -> None:
    shown = PAGE.read_text().splitlines()
    rows = [line for line in page(kept(), Load()).splitlines() if line.startswith("| ")]

    assert [row for row in rows if row not in shown] == []


def test_bytes_are_still_those_of_the_page(valkey: Any) -> None:
    held, costs = measure(valkey, FLOW_SIZES[0]), kept().costs

    assert held.lane == pytest.approx(costs.lane_bytes, rel=0.25)
    assert held.query == pytest.approx(costs.query_bytes, rel=0.25)
    assert held.flow == pytest.approx(costs.flow_bytes.at(FLOW_SIZES[0]), rel=0.25)
    assert held.alive_run == pytest.approx(costs.alive_bytes, rel=0.25)
